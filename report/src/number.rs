//! Numbers in sentences: digits in groups of three, and nouns in the plural.

/// A number with its digits in groups of three.
///
/// ```
/// assert_eq!(stalemap_report::grouped(1_234_567), "1,234,567");
/// assert_eq!(stalemap_report::grouped(999), "999");
/// ```
#[must_use]
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number of things. More than one of them, and none, take an `s`.
///
/// ```
/// assert_eq!(stalemap_report::counted(1, "finding"), "1 finding");
/// assert_eq!(stalemap_report::counted(1_000, "finding"), "1,000 findings");
/// ```
#[must_use]
pub fn counted(number: u64, noun: &str) -> String {
    format!("{} {noun}{}", grouped(number), if number == 1 { "" } else { "s" })
}
