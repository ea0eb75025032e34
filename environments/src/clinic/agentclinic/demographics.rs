//! Age and gender out of a few words, such as `35-year-old woman`.

use crate::clinic::record::Demographics;

const WOMEN: [&str; 8] = [
    "woman",
    "female",
    "girl",
    "lady",
    "she",
    "her",
    "mother",
    "primigravida",
];
const MEN: [&str; 8] = [
    "man",
    "male",
    "boy",
    "gentleman",
    "he",
    "his",
    "father",
    "him",
];
/// Words of patients who have not completed their first year.
const INFANTS: [&str; 4] = ["newborn", "neonate", "neonatal", "infant"];

/// Reads what the words say. An age in months, weeks, days or hours counts in completed years;
/// the first word that tells the gender decides.
pub(super) fn read(text: &str) -> Demographics {
    let lower = text.to_lowercase();
    let words: Vec<&str> = lower
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    let gender = words.iter().find_map(|word| {
        if WOMEN.contains(word) {
            Some("F")
        } else if MEN.contains(word) {
            Some("M")
        } else {
            None
        }
    });
    let stated = words.windows(2).find_map(|pair| {
        let number: u32 = pair[0].parse().ok()?;
        let old = |unit: &str| pair[1] == unit || pair[1].strip_suffix('s') == Some(unit);
        let plausible = |years: u32| (years < 150).then_some(years);
        if old("year") || old("yr") {
            plausible(number)
        } else if old("month") {
            plausible(number / 12)
        } else if old("week") || old("day") || old("hour") {
            // "33 weeks of gestation" says nothing of the age of the mother.
            is_age(&words, pair).then_some(0)
        } else {
            None
        }
    });
    let infant = || words.iter().any(|word| INFANTS.contains(word)).then_some(0);
    Demographics {
        age: stated.or_else(infant),
        gender: gender.map(str::to_owned),
        ..Demographics::default()
    }
}

/// True when the word after the pair is `old`.
fn is_age(words: &[&str], pair: &[&str]) -> bool {
    words
        .windows(3)
        .any(|three| three[..2] == *pair && three[2] == "old")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_and_genders_are_read() {
        for (text, age, gender) in [
            ("35-year-old woman", Some(35), Some("F")),
            ("8-month-old boy", Some(0), Some("M")),
            ("18-month-old boy", Some(1), Some("M")),
            ("2-week-old female newborn", Some(0), Some("F")),
            ("Newborn, born at 33 weeks of gestation", Some(0), None),
            (
                "22-year-old female at 30 weeks gestation",
                Some(22),
                Some("F"),
            ),
            ("pregnant woman at 30 weeks gestation", None, Some("F")),
            (
                "70-year-old man accompanied by his wife",
                Some(70),
                Some("M"),
            ),
            ("23-year-old college student", Some(23), None),
            ("A 900-year-old", None, None),
            ("", None, None),
        ] {
            let read = read(text);
            assert_eq!((read.age, read.gender.as_deref()), (age, gender), "{text}");
        }
    }
}
