//! Quotas: what a tenant may use in a day or a month of UTC.

/// What is counted of a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Invocations that began.
    Requests,
    /// Fuel that they burned.
    Fuel,
    /// Bytes that they sent to other servers and got from them.
    EgressBytes,
    /// Bytes of keys, values and metadata that they wrote to KV.
    StorageBytes,
}

/// All measures, in the order of [`Figures`].
pub const MEASURES: [Measure; 4] = [
    Measure::Requests,
    Measure::Fuel,
    Measure::EgressBytes,
    Measure::StorageBytes,
];

impl Measure {
    /// Its name in JSON, CSV and keys of quotas.
    pub fn name(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Fuel => "fuel",
            Self::EgressBytes => "egress-bytes",
            Self::StorageBytes => "storage-bytes",
        }
    }
}

/// A figure for each of [`MEASURES`].
pub type Figures = [u64; MEASURES.len()];

/// How long a quota lasts. Periods begin at 00:00 UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// A date.
    Day,
    /// A month of the calendar.
    Month,
}

impl Period {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Month => "month",
        }
    }
}

/// One quota: its key and what it bounds.
#[derive(Debug)]
pub struct Quota {
    /// The key.
    pub key: &'static str,
    /// What is counted.
    pub measure: Measure,
    /// For how long.
    pub period: Period,
    /// What it bounds, for people.
    pub about: &'static str,
}

/// The most that a quota may be set to: no count comes near it.
pub const QUOTA_MAX: u64 = 1 << 60;

macro_rules! quota {
    ($key:literal, $measure:ident, $period:ident, $about:literal) => {
        Quota {
            key: $key,
            measure: Measure::$measure,
            period: Period::$period,
            about: $about,
        }
    };
}

/// Every quota there is, in the order of [`MEASURES`], the day first.
pub const QUOTAS: [Quota; 2 * MEASURES.len()] = [
    quota!(
        "requests-per-day",
        Requests,
        Day,
        "invocations of a tenant in a day"
    ),
    quota!("fuel-per-day", Fuel, Day, "fuel of a tenant in a day"),
    quota!(
        "egress-bytes-per-day",
        EgressBytes,
        Day,
        "bytes a tenant sends to other servers and gets from them in a day"
    ),
    quota!(
        "storage-bytes-per-day",
        StorageBytes,
        Day,
        "bytes a tenant writes to KV in a day"
    ),
    quota!(
        "requests-per-month",
        Requests,
        Month,
        "invocations of a tenant in a month"
    ),
    quota!("fuel-per-month", Fuel, Month, "fuel of a tenant in a month"),
    quota!(
        "egress-bytes-per-month",
        EgressBytes,
        Month,
        "bytes a tenant sends to other servers and gets from them in a month"
    ),
    quota!(
        "storage-bytes-per-month",
        StorageBytes,
        Month,
        "bytes a tenant writes to KV in a month"
    ),
];

/// A tenant's quotas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quotas {
    /// For a day; `u64::MAX` is none.
    pub day: Figures,
    /// For a month; `u64::MAX` is none.
    pub month: Figures,
}

impl Default for Quotas {
    fn default() -> Self {
        Self {
            day: [u64::MAX; MEASURES.len()],
            month: [u64::MAX; MEASURES.len()],
        }
    }
}

impl Quotas {
    /// That of a key's place in [`QUOTAS`]; `u64::MAX` is none.
    pub fn at(&mut self, place: usize) -> &mut u64 {
        match place.checked_sub(MEASURES.len()) {
            None => &mut self.day[place],
            Some(place) => &mut self.month[place],
        }
    }

    /// Whether there is none at all.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotas_are_in_the_order_of_measures() {
        for (at, quota) in QUOTAS.iter().enumerate() {
            let (period, measure) = (at / MEASURES.len(), MEASURES[at % MEASURES.len()]);
            assert_eq!(quota.measure, measure);
            assert_eq!(quota.period, [Period::Day, Period::Month][period]);
            assert_eq!(
                quota.key,
                format!("{}-per-{}", measure.name(), quota.period.name())
            );
        }
    }
}
