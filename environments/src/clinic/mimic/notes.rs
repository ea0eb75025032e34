//! NOTEEVENTS: discharge summaries and reports of ECG, Echo and Radiology.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::admissions::AdmissionRow;
use super::discharge::report_parts;
use super::error::ImportError;
use super::source::Source;
use super::table::{Column, Table};
use crate::clinic::record::Totals;

/// Notes of one admission.
#[derive(Debug, Clone, Default)]
pub(super) struct Notes {
    /// Texts of the discharge summaries, addenda left out.
    pub(super) summaries: Vec<String>,
    /// Reports `[date, description, text]`.
    pub(super) ecg: Vec<Vec<String>>,
    /// Reports `[date, description, text]`.
    pub(super) echo: Vec<Vec<String>>,
    /// Reports `[date, description, findings and impression]`.
    pub(super) radiology: Vec<Vec<String>>,
}

struct NoteColumns {
    subject: Column,
    hadm: Column,
    category: Column,
    description: Column,
    error: Column,
}

impl NoteColumns {
    fn of(table: &Table) -> Result<Self, ImportError> {
        Ok(Self {
            subject: table.column("SUBJECT_ID")?,
            hadm: table.column("HADM_ID")?,
            category: table.column("CATEGORY")?,
            description: table.column("DESCRIPTION")?,
            error: table.column("ISERROR")?,
        })
    }

    /// Category of the present row, unless it is marked as an error.
    fn category(&self, table: &Table) -> Option<String> {
        if table.bytes(self.error) == Some(b"1") {
            return None;
        }
        table.text(self.category)
    }

    fn is_summary(&self, table: &Table) -> bool {
        self.category(table).as_deref() == Some("Discharge summary")
            && table.text(self.description).as_deref() == Some("Report")
    }
}

/// Admissions with a discharge summary whose subject has exactly one among the admissions of
/// `cohort`; `None` when there are no notes at all.
pub(super) fn single_summaries(
    source: &mut Source<'_>,
    cohort: &BTreeMap<u64, AdmissionRow>,
) -> Result<Option<BTreeSet<u64>>, ImportError> {
    let Some(mut table) = source.optional("NOTEEVENTS")? else {
        return Ok(None);
    };
    let columns = NoteColumns::of(&table)?;
    let mut found: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
    while source.advance(&mut table)? {
        if let Some(hadm_id) = table.id(columns.hadm)?
            && cohort.contains_key(&hadm_id)
            && columns.is_summary(&table)
        {
            let subject_id = table.required_id(columns.subject)?;
            found.entry(subject_id).or_default().push(hadm_id);
        }
    }
    if source.close(table) == 0 {
        return Ok(None);
    }
    let single = found
        .into_values()
        .filter(|notes| notes.len() == 1)
        .flatten()
        .collect();
    Ok(Some(single))
}

/// Streams NOTEEVENTS and keeps the notes of the cohort; reports are in order of their dates.
pub(super) fn read_notes(
    source: &mut Source<'_>,
    cohort: &HashMap<u64, usize>,
    totals: &mut Totals,
) -> Result<Vec<Notes>, ImportError> {
    let mut kept = vec![Notes::default(); cohort.len()];
    let Some(mut table) = source.optional("NOTEEVENTS")? else {
        return Ok(kept);
    };
    let columns = NoteColumns::of(&table)?;
    let date = table.column("CHARTDATE")?;
    let time = table.optional_column("CHARTTIME");
    let text = table.column("TEXT")?;
    while source.advance(&mut table)? {
        let admission = table.id(columns.hadm)?.and_then(|id| cohort.get(&id));
        let Some(notes) = admission.and_then(|i| kept.get_mut(*i)) else {
            continue;
        };
        let (Some(category), Some(body)) = (columns.category(&table), table.text(text)) else {
            continue;
        };
        if columns.is_summary(&table) {
            notes.summaries.push(body);
            continue;
        }
        let (reports, body) = match category.as_str() {
            "ECG" => (&mut notes.ecg, body),
            "Echo" => (&mut notes.echo, body),
            "Radiology" => (&mut notes.radiology, report_parts(&body)),
            _ => continue,
        };
        let timed = match time {
            Some(time) => table.time(time)?,
            None => None,
        };
        let at = match timed {
            Some(at) => at,
            None => table.required_time(date)?,
        };
        let description = table.text(columns.description).unwrap_or_default();
        reports.push(vec![at.to_string(), description, body]);
    }
    totals.note_rows = source.close(table);
    for notes in &mut kept {
        for reports in [&mut notes.ecg, &mut notes.echo, &mut notes.radiology] {
            reports.sort_by(|a, b| a.first().cmp(&b.first()));
        }
    }
    Ok(kept)
}
