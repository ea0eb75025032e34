//! Diagnoses, procedures and prescriptions of the cohort.

use std::collections::{BTreeMap, HashMap};

use super::dictionaries::Titles;
use super::error::ImportError;
use super::source::Source;
use crate::clinic::record::{DiagnosisEntry, PrescriptionEntry, ProcedureEntry, Timestamp, Totals};

/// Streams DIAGNOSES_ICD; the entries of each admission are in order of priority.
pub(super) fn read_diagnoses(
    source: &mut Source<'_>,
    cohort: &HashMap<u64, usize>,
    titles: &BTreeMap<String, Titles>,
    totals: &mut Totals,
) -> Result<Vec<Vec<DiagnosisEntry>>, ImportError> {
    let mut kept: Vec<Vec<DiagnosisEntry>> = vec![Vec::new(); cohort.len()];
    let mut table = source.required("DIAGNOSES_ICD")?;
    let hadm = table.column("HADM_ID")?;
    let rank = table.column("SEQ_NUM")?;
    let code = table.column("ICD9_CODE")?;
    while source.advance(&mut table)? {
        let code = table.text(code);
        let title = code.as_ref().and_then(|code| titles.get(code));
        match (&code, title) {
            (None, _) => totals.diagnoses_empty_code += 1,
            (Some(_), None) => totals.diagnoses_without_title += 1,
            _ => {}
        }
        let admission = cohort.get(&table.required_id(hadm)?);
        if let (Some(slot), Some(icd9_code)) = (admission.and_then(|i| kept.get_mut(*i)), code) {
            slot.push(DiagnosisEntry {
                seq_num: table.small(rank)?,
                icd9_code,
                short_title: title.and_then(|title| title.short.clone()),
                long_title: title.and_then(|title| title.long.clone()),
                ..DiagnosisEntry::default()
            });
        }
    }
    totals.diagnoses = source.close(table);
    for entries in &mut kept {
        entries.sort_by_key(|entry| entry.seq_num.unwrap_or(u32::MAX));
    }
    Ok(kept)
}

/// Streams PROCEDURES_ICD; the entries of each admission are in order of priority.
pub(super) fn read_procedures(
    source: &mut Source<'_>,
    cohort: &HashMap<u64, usize>,
    titles: &BTreeMap<String, Titles>,
    totals: &mut Totals,
) -> Result<Vec<Vec<ProcedureEntry>>, ImportError> {
    let mut kept: Vec<Vec<ProcedureEntry>> = vec![Vec::new(); cohort.len()];
    let Some(mut table) = source.optional("PROCEDURES_ICD")? else {
        return Ok(kept);
    };
    let hadm = table.column("HADM_ID")?;
    let rank = table.column("SEQ_NUM")?;
    let code = table.column("ICD9_CODE")?;
    while source.advance(&mut table)? {
        let code = table.required_text(code)?;
        let title = titles.get(&code);
        totals.procedures_without_title += u64::from(title.is_none());
        let admission = cohort.get(&table.required_id(hadm)?);
        if let Some(slot) = admission.and_then(|i| kept.get_mut(*i)) {
            let title = title.and_then(|title| title.long.as_ref().or(title.short.as_ref()));
            slot.push(ProcedureEntry {
                seq_num: table.small(rank)?,
                icd9_code: code,
                title: title.cloned(),
            });
        }
    }
    totals.procedures = source.close(table);
    for entries in &mut kept {
        entries.sort_by_key(|entry| entry.seq_num.unwrap_or(u32::MAX));
    }
    Ok(kept)
}

/// Streams PRESCRIPTIONS; the entries of each admission are in order of their start, those
/// without one last.
pub(super) fn read_prescriptions(
    source: &mut Source<'_>,
    cohort: &HashMap<u64, usize>,
    totals: &mut Totals,
) -> Result<Vec<Vec<PrescriptionEntry>>, ImportError> {
    let mut kept: Vec<Vec<PrescriptionEntry>> = vec![Vec::new(); cohort.len()];
    let Some(mut table) = source.optional("PRESCRIPTIONS")? else {
        return Ok(kept);
    };
    let hadm = table.column("HADM_ID")?;
    let start = table.column("STARTDATE")?;
    let end = table.column("ENDDATE")?;
    let drug_type = table.column("DRUG_TYPE")?;
    let drug = table.column("DRUG")?;
    let dose = table.column("DOSE_VAL_RX")?;
    let unit = table.column("DOSE_UNIT_RX")?;
    let route = table.column("ROUTE")?;
    let text = |time: Option<Timestamp>| time.map(|time| time.to_string());
    while source.advance(&mut table)? {
        let admission = cohort.get(&table.required_id(hadm)?);
        if let Some(slot) = admission.and_then(|i| kept.get_mut(*i)) {
            slot.push(PrescriptionEntry {
                start: text(table.time(start)?),
                end: text(table.time(end)?),
                drug_type: table.text(drug_type),
                drug: table.text(drug).unwrap_or_default(),
                dose: table.text(dose),
                unit: table.text(unit),
                route: table.text(route),
            });
        }
    }
    totals.prescriptions = source.close(table);
    for entries in &mut kept {
        entries.sort_by(|a, b| {
            let key = |entry: &PrescriptionEntry| (entry.start.is_none(), entry.start.clone());
            key(a).cmp(&key(b))
        });
    }
    Ok(kept)
}
