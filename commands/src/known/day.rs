//! A day of the calendar, as `2027-01-31`.

use std::str::FromStr;
use std::time::SystemTime;

use anyhow::{Error, anyhow};

/// A day, by year, month and day of the month.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Day(u32, u32, u32);

impl Day {
    /// The day that it is in Greenwich.
    pub(super) fn today() -> Day {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Day::after(since.as_secs() / 86_400)
    }

    /// So many days after the first of January 1970.
    fn after(mut days: u64) -> Day {
        let mut year = 1970;
        while days >= days_of_year(year) {
            days -= days_of_year(year);
            year += 1;
        }
        let mut month = 1;
        while days >= days_of_month(year, month) {
            days -= days_of_month(year, month);
            month += 1;
        }
        Day(year, month, u32::try_from(days).unwrap_or_default() + 1)
    }
}

fn days_of_year(year: u32) -> u64 {
    (1..=12).map(|month| days_of_month(year, month)).sum()
}

fn days_of_month(year: u32, month: u32) -> u64 {
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 => 28 + u64::from(is_leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

impl FromStr for Day {
    type Err = Error;

    fn from_str(text: &str) -> Result<Day, Error> {
        let parts: Vec<u32> = text.split('-').map_while(|part| part.parse().ok()).collect();
        match *parts.as_slice() {
            [year @ 1970..=9999, month @ 1..=12, day]
                if text.len() == 10 && (1..=days_of_month(year, month)).contains(&day.into()) =>
            {
                Ok(Day(year, month, day))
            }
            _ => Err(anyhow!("\"{text}\" is no day; one looks like 2027-01-31")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Day;

    #[test]
    fn days_follow_each_other_as_in_the_calendar() {
        let cases =
            [(0, "1970-01-01"), (58, "1970-02-28"), (59, "1970-03-01"), (11_016, "2000-02-29"), (20_819, "2027-01-01")];
        for (days, text) in cases {
            assert_eq!(Day::after(days), text.parse().expect("a day"), "{text}");
        }
        assert!("2026-12-31".parse::<Day>().expect("a day") < "2027-01-01".parse().expect("a day"));
        for wrong in ["2027-02-29", "2027-13-01", "2027-00-01", "27-01-01", "2027-1-1", "soon", "2027-01-01-01"] {
            assert!(wrong.parse::<Day>().is_err(), "{wrong}");
        }
    }
}
