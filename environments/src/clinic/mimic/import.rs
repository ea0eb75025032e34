//! The import as a whole.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::admissions::{AdmissionRow, read_patients};
use super::chart::{chart_items, read_chart};
use super::cohort;
use super::dictionaries::{lab_items, titles};
use super::discharge::{filter_sections, split_sections};
use super::error::ImportError;
use super::labs::{lab_name, read_labs};
use super::microbiology::{add_cultures, read_cultures};
use super::notes::{Notes, read_notes};
use super::options::{ImportOptions, Progress};
use super::orders::{read_diagnoses, read_prescriptions, read_procedures};
use super::source::Source;
use crate::clinic::record::{
    MANIFEST_FILE, Manifest, Output, PatientRecord, RECORD_SCHEMA, Record, Totals, is_named_section,
};

const OPEN_LICENCE: &str = "MIMIC-III Clinical Database Demo: Open Database License v1.0; \
    attribution and share-alike apply to these records.";
const OPEN_BY_USER: &str = "Open data by the statement of the user; see the source for its terms.";
const RESTRICTED_LICENCE: &str = "Credentialed data: the data use agreement of the source \
    applies; do not share these records or send them to third parties.";
const NOTICE: &str = "Research software, not for clinical use.";

/// What an import did.
#[derive(Debug, Clone, PartialEq)]
pub struct ImportReport {
    /// Folder of the records.
    pub out: PathBuf,
    /// The manifest as written.
    pub manifest: Manifest,
}

/// Imports the tables of folder `dir` into records in the new folder `out`: one file
/// `<hadm_id>.json` for each admission of the cohort, and `manifest.json`.
///
/// Tables may be `.csv` or `.csv.gz`, with names and headers in any case. PATIENTS, ADMISSIONS
/// and DIAGNOSES_ICD are needed; other tables that are absent are listed in the manifest.
///
/// # Errors
/// [`ImportError`] names the file, line and column at fault. On an error `out` is left as it was.
///
/// # Determinism
/// The records depend on the rows of the tables and the options alone.
pub fn import(
    dir: &Path,
    out: &Path,
    options: &ImportOptions,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<ImportReport, ImportError> {
    options.validate()?;
    let output = Output::create(out)?;
    let mut source = Source::open(dir, progress)?;
    let mut totals = Totals::default();

    let patients = read_patients(&mut source, &mut totals)?;
    let subjects = (
        patients.len(),
        patients.keys().next().copied().unwrap_or_default(),
        patients.keys().next_back().copied().unwrap_or_default(),
    );
    let (cohort, counts) = cohort::choose(&mut source, options, &patients, &mut totals)?;
    drop(patients);
    if cohort.is_empty() {
        return Err(ImportError::EmptyCohort {
            max_diagnoses: options.max_diagnoses,
            within_limit: counts.admissions,
            with_chartevents: counts.has_chartevents,
        });
    }
    let places: HashMap<u64, usize> = cohort.keys().copied().zip(0..).collect();

    let codes = titles(&mut source, "D_ICD_DIAGNOSES")?;
    let mut diagnoses = read_diagnoses(&mut source, &places, &codes, &mut totals)?;
    let codes = titles(&mut source, "D_ICD_PROCEDURES")?;
    let mut procedures = read_procedures(&mut source, &places, &codes, &mut totals)?;
    drop(codes);
    let mut prescriptions = read_prescriptions(&mut source, &places, &mut totals)?;
    let lab_items = lab_items(&mut source)?;
    let mut labs = read_labs(&mut source, &places, &mut totals)?;
    let mut cultures = read_cultures(&mut source, &places, &mut totals)?;
    let chart_items = chart_items(&mut source)?;
    let mut chart = read_chart(&mut source, &places, &chart_items, &mut totals)?;
    let mut notes = read_notes(&mut source, &places, &mut totals)?;

    let records = cohort.len();
    for (place, (hadm_id, row)) in cohort.into_iter().enumerate() {
        let (mut record, warnings) = base_record(hadm_id, row, take_at(&mut notes, place));
        for warning in warnings {
            source.warnings.push(format!("{hadm_id}: {warning}"));
        }
        let patient = &mut record.patient;
        patient.diagnoses = take_at(&mut diagnoses, place);
        patient.procedures = take_at(&mut procedures, place);
        patient.prescriptions = take_at(&mut prescriptions, place);
        let series = &mut patient.series;
        chart.drain_into(place, series, |item| chart_items.get(&item).cloned());
        labs.drain_into(place, series, |item| Some(lab_name(&lab_items, item)));
        add_cultures(take_at(&mut cultures, place), series);
        for labels in series.values_mut() {
            for entries in labels.values_mut() {
                entries.sort_by(|a, b| a.time.cmp(&b.time));
            }
        }
        output.write(&format!("{hadm_id}.json"), &record, false)?;
    }

    let demo = source.is_open_demo(subjects);
    let licence = match (demo, options.open) {
        (true, _) => OPEN_LICENCE,
        (false, true) => OPEN_BY_USER,
        (false, false) => RESTRICTED_LICENCE,
    };
    let manifest = Manifest {
        schema: "rounds.manifest/1".to_owned(),
        program: concat!("rounds ", env!("CARGO_PKG_VERSION")).to_owned(),
        source: "mimic-iii".to_owned(),
        restricted: !(demo || options.open),
        licence: licence.to_owned(),
        notice: NOTICE.to_owned(),
        records,
        parameters: serde_json::to_value(options).unwrap_or_default(),
        totals,
        cohort: counts,
        cases: None,
        files: source.files,
        missing_tables: source.missing,
        warnings: source.warnings,
    };
    output.write(MANIFEST_FILE, &manifest, true)?;
    output.finish()?;
    Ok(ImportReport {
        out: out.to_owned(),
        manifest,
    })
}

fn take_at<T: Default>(parts: &mut [T], place: usize) -> T {
    parts.get_mut(place).map(std::mem::take).unwrap_or_default()
}

/// The record of an admission with its sections from the notes, and warnings on these.
fn base_record(hadm_id: u64, row: AdmissionRow, notes: Notes) -> (Record, Vec<String>) {
    let mut patient = PatientRecord {
        demographics: row.demographics,
        admission: row.info,
        ecg: notes.ecg,
        echo: notes.echo,
        radiology: notes.radiology,
        ..PatientRecord::default()
    };
    let mut warnings = Vec::new();
    for summary in &notes.summaries {
        let (sections, found) = filter_sections(&split_sections(summary));
        warnings.extend(found);
        for (name, section) in sections {
            if !is_named_section(&name) {
                patient.text.entry(name).or_insert(section);
            }
        }
    }
    let record = Record {
        schema: RECORD_SCHEMA.to_owned(),
        subject_id: row.subject_id,
        hadm_id,
        patient,
    };
    (record, warnings)
}
