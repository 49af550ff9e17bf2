//! Objects that have another name or namespace than before.

use super::Options;
use super::pair::Pairing;

/// Pairs objects without a partner.
pub(super) fn pair(pairing: &mut Pairing<'_>, _options: &Options, _warnings: &mut Vec<String>) {
    let _ = pairing;
}
