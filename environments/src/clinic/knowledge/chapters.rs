//! Specialities by chapter of ICD-9-CM.

/// First and last three-digit category of a chapter, and who treats it.
const CHAPTERS: [(u32, u32, &str); 17] = [
    (1, 139, "Infectious disease"),
    (140, 239, "Oncology"),
    (240, 279, "Endocrinology"),
    (280, 289, "Haematology"),
    (290, 319, "Psychiatry"),
    (320, 389, "Neurology"),
    (390, 459, "Cardiology"),
    (460, 519, "Pulmonology"),
    (520, 579, "Gastroenterology"),
    (580, 629, "Nephrology and urology"),
    (630, 679, "Obstetrics"),
    (680, 709, "Dermatology"),
    (710, 739, "Rheumatology"),
    (740, 759, "Medical genetics"),
    (760, 779, "Neonatology"),
    (780, 799, "Internal medicine"),
    (800, 999, "Surgery"),
];

/// Whoever treats what no chapter names.
const GENERAL: &str = "Internal medicine";

/// Speciality that treats the ICD-9-CM `category` (`414`, `V45`, `E849`).
///
/// # Source
/// Chapters: DynamiCare card, section 7. The specialities are a choice of this project.
pub(super) fn speciality(category: &str) -> &'static str {
    let number: Option<u32> = category.parse().ok();
    number
        .and_then(|n| {
            CHAPTERS
                .iter()
                .find(|(from, to, _)| (*from..=*to).contains(&n))
        })
        .map_or(GENERAL, |(.., name)| name)
}

/// Category of a code: its first three characters, four for E codes; `None` when the code is
/// shorter or does not have the form of a diagnosis code.
pub(super) fn category(code: &str) -> Option<String> {
    let code = code.trim().replace('.', "").to_ascii_uppercase();
    let len = if code.starts_with('E') { 4 } else { 3 };
    let head = code.get(..len)?;
    let digits = head.trim_start_matches(['E', 'V']);
    let lettered = len - digits.len();
    (lettered <= 1 && digits.bytes().all(|b| b.is_ascii_digit())).then(|| head.to_owned())
}

/// Whether the category is one of the supplementary (V) or external (E) ones.
pub(super) fn is_supplementary(category: &str) -> bool {
    category.starts_with(['E', 'V'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn categories_and_their_specialities() {
        assert_eq!(category("414.01").as_deref(), Some("414"));
        assert_eq!(category("v4581").as_deref(), Some("V45"));
        assert_eq!(category("E8490").as_deref(), Some("E849"));
        assert_eq!(category("41"), None);
        assert_eq!(category("ABC"), None);
        assert_eq!(speciality("414"), "Cardiology");
        assert_eq!(speciality("V45"), "Internal medicine");
        assert_eq!(speciality("038"), "Infectious disease");
    }
}
