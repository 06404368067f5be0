//! Dates and months of UTC, as numbers.

/// Seconds of a day.
const DAY_S: u64 = 24 * 60 * 60;

/// A date: days since 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Day(pub u32);

/// A month: months since January 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Month(pub u32);

impl Day {
    /// That of a moment, in seconds since 1970.
    pub fn at(seconds: u64) -> Self {
        Self(u32::try_from(seconds / DAY_S).unwrap_or(u32::MAX))
    }

    /// When it begins.
    fn begins(self) -> u64 {
        u64::from(self.0) * DAY_S
    }

    /// Its year, month and day of the month.
    fn parts(self) -> (u32, u32, u32) {
        // Of years that begin in March, so that leap days come last.
        let days = u64::from(self.0) + 719_468;
        let (era, day_of_era) = (days / 146_097, days % 146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted + 2) / 5 + 1;
        let month = if shifted < 10 {
            shifted + 3
        } else {
            shifted - 9
        };
        let year = year_of_era + era * 400 + u64::from(month <= 2);
        let fits = |part: u64| u32::try_from(part).unwrap_or(u32::MAX);
        (fits(year), fits(month), fits(day))
    }

    /// The month that it lies in.
    pub fn month(self) -> Month {
        let (year, month, _) = self.parts();
        Month((year - 1970) * 12 + month - 1)
    }

    /// Seconds until it is over.
    pub fn left(self, now: u64) -> u64 {
        (self.begins() + DAY_S).saturating_sub(now).clamp(1, DAY_S)
    }
}

impl Month {
    /// Seconds until it is over.
    pub fn left(self, now: u64) -> u64 {
        let (mut low, mut high) = (Day::at(now).0, Day::at(now).0.saturating_add(32));
        // The first day behind it.
        while low < high {
            let middle = low + (high - low) / 2;
            match Day(middle).month() > self {
                true => high = middle,
                false => low = middle + 1,
            }
        }
        Day(low).begins().saturating_sub(now).clamp(1, 31 * DAY_S)
    }
}

impl std::fmt::Display for Day {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (year, month, day) = self.parts();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

impl std::fmt::Display for Month {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04}-{:02}", 1970 + self.0 / 12, self.0 % 12 + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        let check = |seconds: u64, day: &str, day_left: u64, month_left: u64| {
            let date = Day::at(seconds);
            assert_eq!(date.to_string(), day);
            assert_eq!(date.month().to_string(), day[..7]);
            assert_eq!(date.left(seconds), day_left, "{day}");
            assert_eq!(date.month().left(seconds), month_left, "{day}");
        };
        check(0, "1970-01-01", 86_400, 31 * 86_400);
        check(86_399, "1970-01-01", 1, 30 * 86_400 + 1);
        check(951_782_400, "2000-02-29", 86_400, 86_400);
        check(1_709_164_799, "2024-02-28", 1, 86_401);
        check(1_767_225_599, "2025-12-31", 1, 1);
        check(4_107_542_400, "2100-03-01", 86_400, 31 * 86_400);
    }

    #[test]
    fn each_day_comes_after_the_one_before() {
        let mut before = Day(0).to_string();
        for day in 1..60_000 {
            let now = Day(day).to_string();
            assert!(now > before, "{before} {now}");
            before = now;
        }
    }
}
