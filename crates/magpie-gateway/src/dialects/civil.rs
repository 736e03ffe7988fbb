//! Unix time as `yyyy-MM-dd HH:mm:ss` in a fixed offset: the one date that a dialect shows.

/// Formats a moment; `offset_min` is minutes east of UTC.
#[must_use]
pub fn format(unix_ms: u64, offset_min: i32) -> String {
    let unix_s = i64::try_from(unix_ms / 1_000).unwrap_or(i64::MAX / 2);
    let local_s = unix_s + i64::from(offset_min) * 60;
    let (days, second) = (local_s.div_euclid(86_400), local_s.rem_euclid(86_400));
    // Days are counted from 1 March of the year 0 in eras of 400 years, so that the leap day is
    // the last of its year.
    let shifted = days + 719_468;
    let (era, day) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year + year / 4 - year / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day_of_month = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day_of_month:02} {hour:02}:{minute:02}:{second:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_read_as_a_calendar_says() {
        for (unix_s, offset_min, text) in [
            (0, 0, "1970-01-01 00:00:00"),
            (0, 480, "1970-01-01 08:00:00"),
            (0, -210, "1969-12-31 20:30:00"),
            (951_782_399, 0, "2000-02-28 23:59:59"),
            (951_782_400, 0, "2000-02-29 00:00:00"),
            (951_868_800, 0, "2000-03-01 00:00:00"),
            (1_709_164_800, 480, "2024-02-29 08:00:00"),
            (1_704_067_199, 0, "2023-12-31 23:59:59"),
            (1_704_067_199, 480, "2024-01-01 07:59:59"),
            (4_107_542_400, 0, "2100-03-01 00:00:00"),
        ] {
            assert_eq!(format(unix_s * 1_000 + 999, offset_min), text, "{unix_s}");
        }
    }

    #[test]
    fn no_moment_is_out_of_range() {
        for ms in [u64::MAX, u64::MAX / 2, 253_402_300_800_000] {
            assert!(format(ms, 840).len() >= 19);
        }
    }
}
