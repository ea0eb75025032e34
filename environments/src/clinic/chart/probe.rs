//! Findings read off a record.

use super::render::flatten;
use super::rules::contains_word;
use crate::clinic::knowledge::Probe;
use crate::clinic::record::PatientRecord;

/// Section that lists the drugs taken before the visit.
const HOME_DRUGS: &str = "Medications on Admission";

/// Whether the probed finding is present in `record`, which should hold only what may be seen;
/// `None` when the record cannot tell: the item was not measured, the section is missing, no drug
/// is recorded at all.
pub fn evaluate(record: &PatientRecord, probe: &Probe) -> Option<bool> {
    match probe {
        Probe::AbnormalLab(target) => {
            let labels = record.series.get(&target.section)?;
            let mut measured = labels
                .iter()
                .filter(|(label, _)| target.field.as_deref().is_none_or(|f| f == label.as_str()))
                .flat_map(|(_, entries)| entries)
                .peekable();
            measured.peek()?;
            Some(measured.any(|m| {
                let flag = m.flag.as_deref().unwrap_or_default();
                flag.trim().eq_ignore_ascii_case("abnormal")
            }))
        }
        Probe::Word { section, word } => {
            let text = flatten(record.text.get(section)?);
            (!text.is_empty()).then(|| contains_word(&text.to_lowercase(), &word.to_lowercase()))
        }
        Probe::Drug(name) => {
            let name = name.to_lowercase();
            let home = record
                .text
                .get(HOME_DRUGS)
                .map_or_else(String::new, flatten);
            if home.is_empty() && record.prescriptions.is_empty() {
                return None;
            }
            let given = |drug: &str| drug.to_lowercase().contains(&name);
            Some(given(&home) || record.prescriptions.iter().any(|p| given(&p.drug)))
        }
    }
}
