use super::*;
use crate::limits::Limits;

fn parse(layout: &str, text: &str) -> Result<String, String> {
    let time = super::parse::parse(layout.as_bytes(), text.as_bytes())?;
    Ok(crate::value::Object::print(&time))
}

#[test]
fn times_are_read_by_layout() {
    for (layout, text, want) in [
        ("2006-01-02", "2024-02-29", Ok("2024-02-29 00:00:00 +0000 UTC")),
        ("2006-01-02T15:04:05Z07:00", "2024-02-29T13:07:09.25Z", Ok("2024-02-29 13:07:09.25 +0000 UTC")),
        ("2006-01-02T15:04:05Z07:00", "2024-02-29T13:07:09+05:30", Ok("2024-02-29 13:07:09 +0530 +0530")),
        ("Jan _2 2006 3:04PM", "may  5 2022 12:30AM", Ok("2022-05-05 00:30:00 +0000 UTC")),
        ("2006-002", "2024-060", Ok("2024-02-29 00:00:00 +0000 UTC")),
        ("02/01/06", "01/01/69", Ok("1969-01-01 00:00:00 +0000 UTC")),
        ("15:04 MST", "10:00 CEST", Ok("0000-01-01 10:00:00 +0000 CEST")),
        ("15:04 MST", "10:00 GMT+2", Ok("0000-01-01 12:00:00 +0200 GMT+2")),
        ("2006-01-02", "bad", Err(r#"parsing time "bad" as "2006-01-02": cannot parse "bad" as "2006""#)),
        ("2006-01-02", "2024-02-30", Err(r#"parsing time "2024-02-30": day out of range"#)),
        ("2006-01-02", "2024-13-01", Err(r#"parsing time "2024-13-01": month out of range"#)),
        ("2006", "2024x", Err(r#"parsing time "2024x": extra text: "x""#)),
        ("15:04", "1004", Err(r#"parsing time "1004" as "15:04": cannot parse "04" as ":""#)),
    ] {
        assert_eq!(parse(layout, text), want.map(str::to_string).map_err(str::to_string), "{layout} {text}");
    }
}

#[test]
fn times_are_written_by_layout() {
    let time = Time::date((2024, 2, 29), (13, 7, 9), 120_000_000, Zone::Utc);
    for (layout, want) in [
        ("Monday, 02-Jan-06 15:04:05 MST", "Thursday, 29-Feb-24 13:07:09 UTC"),
        ("2006-01-02T15:04:05.000Z07:00", "2024-02-29T13:07:09.120Z"),
        ("3:04PM 05.999 05,000 .00x", "1:07PM 09.12 09,120 .12x"),
        ("__2 002 _2006 -07 Januaryx Janx", " 60 060 _2024 +00 Februaryx Janx"),
    ] {
        assert_eq!(String::from_utf8_lossy(&layout::format(&time, layout.as_bytes())), want);
    }
}

#[test]
fn years_have_any_number_of_digits() {
    let year =
        |seconds| String::from_utf8_lossy(&layout::format(&Time::local(seconds), b"2006-01-02")).into_owned();
    assert_eq!(year(253_402_300_800), "10000-01-01");
    assert_eq!(year(-2_208_988_800), "1900-01-01");
    assert_eq!(year(-62_135_596_800), "0001-01-01");
    assert_eq!(year(-65_000_000_000), "-0090-03-27");
    for seconds in [i64::MIN, i64::MAX] {
        assert!(!year(seconds).is_empty());
    }
}

#[test]
fn durations_are_read_and_written() {
    for (text, want) in [
        ("1h30m", Ok("1h30m0s")),
        ("-1.5h", Ok("-1h30m0s")),
        ("1500ms", Ok("1.5s")),
        ("1.5µs", Ok("1.5µs")),
        ("0", Ok("0s")),
        ("", Err(r#"time: invalid duration """#)),
        ("1d", Err(r#"time: unknown unit "d" in duration "1d""#)),
        ("5", Err(r#"time: missing unit in duration "5""#)),
        ("99999999999h", Err(r#"time: invalid duration "99999999999h""#)),
    ] {
        let got = Duration::parse(text.as_bytes()).map(|d| d.to_string());
        assert_eq!(got, want.map(str::to_string).map_err(str::to_string), "{text}");
    }
}

#[test]
fn a_stopped_clock_shows_the_same_time() {
    let env = Env::new(Limits::default()).with_seed("x");
    let call = |name: &str, args: &[Value]| match crate::functions::find(name).map(|f| (f.call)(&env, args)) {
        Some(Ok(Value::String(s))) => s.to_string(),
        other => format!("{other:?}"),
    };
    assert_eq!(call("htmlDate", &[Value::Null]), "2025-01-01");
    assert_eq!(call("ago", &[Value::int64(1_735_689_600 - 3905)]), "1h5m5s");
    assert_eq!(call("durationRound", &[Value::from("8761h")]), "1y");
    assert_eq!(call("duration", &[Value::int64(95)]), "1m35s");
    assert_eq!(call("duration", &[Value::int(95)]), "0s");
    let noon = Value::from(Time::local(1_720_000_000));
    let args = [Value::from("15:04 MST"), noon, Value::from("Not/AZone")];
    assert_eq!(call("dateInZone", &args), "09:46 UTC");
}
