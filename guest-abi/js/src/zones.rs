//! Time zones: offsets from UTC at a time.

use crate::text::Text;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use rquickjs::convert::List;
use rquickjs::function::Func;
use rquickjs::{Object, Result};

/// Adds the functions on time zones to the natives.
pub fn install(native: &Object<'_>) -> Result<()> {
    // The zone's name as the database writes it; undefined if there is no such zone.
    native.set(
        "zoneName",
        Func::from(|name: Text| {
            let zone = TimeZone::get(&name.0).ok()?;
            zone.iana_name().map(str::to_owned)
        }),
    )?;
    // The zones that have a name with a place in it.
    native.set(
        "zoneNames",
        Func::from(|| {
            let names = jiff::tz::db().available();
            let is_place = |name: &str| {
                name.split_once('/').is_some_and(|(area, _)| {
                    !matches!(
                        area,
                        "Etc"
                            | "US"
                            | "SystemV"
                            | "Brazil"
                            | "Canada"
                            | "Chile"
                            | "Mexico"
                            | "posix"
                            | "right"
                    )
                })
            };
            let mut names: Vec<String> = names
                .map(|name| name.as_str().to_owned())
                .filter(|name| is_place(name) || name == "UTC")
                .collect();
            names.sort_unstable();
            names
        }),
    )?;
    // `[seconds east of UTC, abbreviation]` in a zone that exists.
    native.set(
        "zoneAt",
        Func::from(|name: Text, millis: f64| {
            let zone = TimeZone::get(&name.0).ok()?;
            let at = Timestamp::from_millisecond(millis as i64).ok()?;
            let info = zone.to_offset_info(at);
            let abbreviation = info.abbreviation().to_owned();
            Some(List((info.offset().seconds(), abbreviation)))
        }),
    )
}
