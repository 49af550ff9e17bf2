use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::duration::Duration;

/// Seconds from the first second of year 1, Go's zero time, to 1970.
const ZERO: i64 = -62_135_596_800;

/// A moment with the zone it is shown in: Go's `time.Time`.
#[derive(Clone, Debug)]
pub struct Time {
    /// Seconds since 1970.
    pub seconds: i64,
    /// Nanoseconds of the second, below 10⁹.
    pub nanos: u32,
    /// The zone.
    pub zone: Zone,
}

/// A time zone: Go's `*time.Location`.
#[derive(Clone, Debug)]
pub enum Zone {
    /// UTC.
    Utc,
    /// The zone of the machine, which is UTC: a render must not depend on the machine, and the ones that Helm
    /// runs on most run in UTC.
    Local,
    /// An offset in seconds east of UTC, with an abbreviation that may be empty.
    Fixed(Arc<str>, i32),
    /// A zone of the system's database.
    Named(TimeZone),
}

/// A date and a time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Civil {
    /// The year, which may have any number of digits.
    pub year: i64,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
    /// 1 to 366.
    pub year_day: u16,
    /// 0 is Sunday.
    pub weekday: u8,
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// 0 to 59.
    pub second: u8,
}

/// The names of the months.
pub const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// The names of the days, from Sunday on.
pub const WEEKDAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

impl Zone {
    /// The zone of this name (Go's `time.LoadLocation`); `None` if there is none.
    pub fn load(name: &str) -> Option<Zone> {
        match name {
            "" | "UTC" => Some(Zone::Utc),
            "Local" => Some(Zone::Local),
            _ if name.contains("..") || name.starts_with(['/', '\\']) => None,
            _ => {
                let zone = jiff::tz::db().get(name).ok()?;
                // The database doesn't look at case; Go does.
                (zone.iana_name() == Some(name)).then_some(Zone::Named(zone))
            }
        }
    }

    /// Go's name of the zone.
    pub fn name(&self) -> &str {
        match self {
            Zone::Utc => "UTC",
            Zone::Local => "Local",
            Zone::Fixed(name, _) => name,
            Zone::Named(zone) => zone.iana_name().unwrap_or(""),
        }
    }

    /// The offset in seconds east of UTC at a moment, the abbreviation, and whether it is summer time.
    pub fn at(&self, seconds: i64) -> (i32, String, bool) {
        match self {
            Zone::Utc | Zone::Local => (0, "UTC".to_string(), false),
            Zone::Fixed(name, offset) => (*offset, name.to_string(), false),
            Zone::Named(zone) => {
                // The database ends with the year 9999; the calendar repeats every 400 years.
                const CYCLE: i64 = 146_097 * 86_400;
                let last = Timestamp::MAX.as_second() - CYCLE;
                let within = if seconds > last { last + (seconds - last) % CYCLE } else { seconds };
                let within = within.max(Timestamp::MIN.as_second());
                let moment = Timestamp::from_second(within).unwrap_or_default();
                let info = zone.to_offset_info(moment);
                (info.offset().seconds(), info.abbreviation().to_string(), info.dst().is_dst())
            }
        }
    }
}

/// Days from 1970-01-01 to a date of the Gregorian calendar. The month may be any number.
fn days_since_1970(year: i64, month: i64, day: i64) -> i128 {
    let year = i128::from(year) + i128::from((month - 1).div_euclid(12));
    let month = (month - 1).rem_euclid(12) + 1;
    // Years start in March, so that the leap day comes last.
    let year = if month <= 2 { year - 1 } else { year };
    let year_day = (153 * ((month + 9) % 12) + 2) / 5;
    let era = year.div_euclid(400);
    let year = year.rem_euclid(400);
    era * 146_097 + year * 365 + year / 4 - year / 100 + i128::from(year_day) - 719_468 + i128::from(day) - 1
}

/// Whether a year has 366 days.
pub fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// How many days a month has.
pub fn days_in(month: i64, year: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

impl Civil {
    /// The date and the time of day that seconds since 1970 are.
    fn from_seconds(seconds: i128) -> Civil {
        let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        let shifted = days + 719_468;
        let (era, day) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
        let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
        let day = day - (365 * year + year / 4 - year / 100);
        let month = (5 * day + 2) / 153;
        let month_day = day - (153 * month + 2) / 5 + 1;
        let month = if month < 10 { month + 3 } else { month - 9 };
        let year = (year + era * 400 + i128::from(month <= 2)) as i64;
        let year_day = days - days_since_1970(year, 1, 1) + 1;
        Civil {
            year,
            month: month as u8,
            day: month_day as u8,
            year_day: year_day as u16,
            weekday: (days + 4).rem_euclid(7) as u8,
            hour: (second / 3600) as u8,
            minute: (second / 60 % 60) as u8,
            second: (second % 60) as u8,
        }
    }

    /// The month's name.
    pub fn month_name(&self) -> &'static str {
        MONTHS.get(usize::from(self.month) - 1).copied().unwrap_or_default()
    }

    /// The day's name.
    pub fn weekday_name(&self) -> &'static str {
        WEEKDAYS.get(usize::from(self.weekday)).copied().unwrap_or_default()
    }
}

impl Time {
    /// Go's zero time, in UTC.
    pub fn zero() -> Time {
        Time { seconds: ZERO, nanos: 0, zone: Zone::Utc }
    }

    /// A moment in the local zone.
    pub fn local(seconds: i64) -> Time {
        Time { seconds, nanos: 0, zone: Zone::Local }
    }

    /// A moment, in the local zone.
    pub fn from_timestamp(moment: Timestamp) -> Time {
        let nanos = moment.as_nanosecond();
        Time {
            seconds: nanos.div_euclid(1_000_000_000) as i64,
            nanos: nanos.rem_euclid(1_000_000_000) as u32,
            zone: Zone::Local,
        }
    }

    /// A date and time of day in a zone (Go's `time.Date`): each part may be out of its range.
    pub fn date(date: (i64, i64, i64), clock: (i64, i64, i64), nanos: u32, zone: Zone) -> Time {
        let days = days_since_1970(date.0, date.1, date.2);
        let clock = i128::from(clock.0) * 3600 + i128::from(clock.1) * 60 + i128::from(clock.2);
        let mut seconds = (days * 86_400 + clock) as i64;
        // The offset depends on the moment, and the moment on the offset.
        let offset = i64::from(zone.at(seconds).0);
        let better = i64::from(zone.at(seconds.wrapping_sub(offset)).0);
        seconds = seconds.wrapping_sub(better);
        Time { seconds, nanos, zone }
    }

    /// The date and the time of day in the time's zone.
    pub fn civil(&self) -> Civil {
        Civil::from_seconds(i128::from(self.seconds) + i128::from(self.zone.at(self.seconds).0))
    }

    /// The same moment in another zone.
    pub fn in_zone(&self, zone: Zone) -> Time {
        Time { zone, ..self.clone() }
    }

    /// Whether this is Go's zero time.
    pub fn is_zero(&self) -> bool {
        self.seconds == ZERO && self.nanos == 0
    }

    /// Nanoseconds since 1970.
    pub fn nanoseconds(&self) -> i128 {
        i128::from(self.seconds) * 1_000_000_000 + i128::from(self.nanos)
    }

    fn with_nanoseconds(&self, nanos: i128) -> Time {
        Time {
            seconds: nanos.div_euclid(1_000_000_000) as i64,
            nanos: nanos.rem_euclid(1_000_000_000) as u32,
            zone: self.zone.clone(),
        }
    }

    /// A time later by a duration.
    pub fn add(&self, duration: Duration) -> Time {
        self.with_nanoseconds(self.nanoseconds() + i128::from(duration.0))
    }

    /// The time since another; the longest duration there is, if it is longer.
    pub fn since(&self, other: &Time) -> Duration {
        let nanos = self.nanoseconds() - other.nanoseconds();
        Duration(nanos.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64)
    }

    /// A later date, with Go's normalisation: a month after January 31st is March 2nd or 3rd.
    pub fn add_date(&self, years: i64, months: i64, days: i64) -> Time {
        let c = self.civil();
        Time::date(
            (
                c.year.wrapping_add(years),
                i64::from(c.month).saturating_add(months),
                i64::from(c.day).saturating_add(days),
            ),
            (c.hour.into(), c.minute.into(), c.second.into()),
            self.nanos,
            self.zone.clone(),
        )
    }

    /// The time rounded down to a multiple of a duration since the zero time.
    pub fn truncate(&self, unit: Duration) -> Time {
        if unit.0 <= 0 {
            return self.clone();
        }
        self.with_nanoseconds(self.nanoseconds() - self.past(unit))
    }

    /// The time rounded to a multiple of a duration since the zero time, halves up.
    pub fn round(&self, unit: Duration) -> Time {
        if unit.0 <= 0 {
            return self.clone();
        }
        let past = self.past(unit);
        let up = if past * 2 < i128::from(unit.0) { 0 } else { i128::from(unit.0) };
        self.with_nanoseconds(self.nanoseconds() - past + up)
    }

    fn past(&self, unit: Duration) -> i128 {
        (self.nanoseconds() - i128::from(ZERO) * 1_000_000_000).rem_euclid(i128::from(unit.0))
    }
}
