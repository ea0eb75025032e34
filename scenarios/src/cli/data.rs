//! `rounds data import` and `rounds data check`.

use std::fmt::Write;
use std::path::Path;

use rounds_environments::clinic::knowledge::Knowledge;
use rounds_environments::clinic::mimic::{self, ImportError, ImportOptions};
use rounds_environments::clinic::record::{self, Severity};

use super::args::DataCheckArgs;
use super::import_args::MimicArgs;
use super::progress::Shown;
use super::{Failure, data_sets, print};
use crate::clinic::NOTICE;
use crate::coordination::promise;
use crate::run::{RunError, pretty};
use crate::schema::SCHEMA;

/// Makes records from MIMIC-III tables.
pub(super) fn import_tables(arguments: &MimicArgs) -> Result<(), Failure> {
    let options = ImportOptions {
        max_diagnoses: arguments.max_diagnoses,
        exclude_died: !arguments.keep_died,
        require_chartevents: !arguments.keep_uncharted,
        sample: arguments.sample,
        seed: arguments.seed,
        open: arguments.open,
        ..ImportOptions::default()
    };
    let mut shown: Option<(String, Shown)> = None;
    let report = mimic::import(&arguments.path, &arguments.out, &options, &mut |progress| {
        let table = progress.table.to_string();
        if shown.as_ref().is_none_or(|(name, _)| *name != table) {
            if let Some((_, bar)) = &shown {
                bar.done();
            }
            shown = Some((
                table.clone(),
                Shown::new(&table, progress.total_bytes, arguments.json),
            ));
        }
        if let Some((_, bar)) = &mut shown {
            bar.at(progress.bytes, progress.total_bytes);
        }
    })
    .map_err(|error| match error {
        ImportError::Write { path, source } => RunError::file(&path, "cannot be written")(source),
        other => RunError::Input(other.to_string()),
    })?;
    if let Some((_, bar)) = &shown {
        bar.done();
    }
    if arguments.json {
        print(&String::from_utf8_lossy(&pretty(&report.manifest)));
        return Ok(());
    }
    let (totals, cohort) = (&report.manifest.totals, &report.manifest.cohort);
    let mut text = String::new();
    let _ = writeln!(
        text,
        "{} patients, {} admissions in the source",
        totals.patients, totals.admissions
    );
    let _ = writeln!(
        text,
        "at most {} diagnoses: {} admissions; not newborn {}; survived {}; with charted events {}",
        cohort.max_diagnoses_inclusive,
        cohort.admissions,
        cohort.not_newborn,
        cohort.survived,
        cohort.has_chartevents
    );
    if let Some(single) = cohort.single_note {
        let _ = writeln!(text, "with a single discharge summary: {single}");
    }
    for table in &report.manifest.missing_tables {
        let _ = writeln!(text, "not there: {table}");
    }
    for warning in &report.manifest.warnings {
        let _ = writeln!(text, "note: {warning}");
    }
    let kind = if report.manifest.restricted {
        "restricted"
    } else {
        "open"
    };
    let _ = writeln!(
        text,
        "{} {kind} records in {}",
        report.manifest.records,
        report.out.display()
    );
    let _ = writeln!(text, "{NOTICE}");
    print(&text);
    Ok(())
}

/// Checks records or a knowledge base.
pub(crate) fn check(arguments: &DataCheckArgs) -> Result<(), Failure> {
    check_path(&arguments.path)
}

/// Checks the records, the knowledge base or the data set at `path`.
pub(super) fn check_path(path: &Path) -> Result<(), Failure> {
    if let Some(kind) = data_sets::kind_of(path) {
        return data_sets::check(path, kind);
    }
    // What cannot be read is told by whoever reads it in earnest.
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let rates = text.contains("\"binary_evidence\"");
    let table = path.extension().is_some_and(|e| e == "toml" || e == "csv");
    if path.is_file() && (rates || table) {
        if text.contains(SCHEMA) {
            let shown = path.display();
            let why = format!("{shown}: this is a scenario; rounds check {shown} checks it");
            return Err(Failure::Usage(why));
        }
        let base = Knowledge::load(path)
            .map_err(|error| Failure::Run(RunError::Input(error.to_string())))?;
        print(&format!(
            "{}: {} conditions over {} specialities, {} findings: no fault found\n",
            path.display(),
            base.conditions().len(),
            base.specialities().len(),
            base.findings().len()
        ));
        return Ok(());
    }
    let is_objective = text.contains("\"actions\"") && text.contains("\"values\"");
    if path.extension().is_some_and(|e| e == "json") && is_objective {
        print(&format!("{}no fault found\n", promise(path)?));
        return Ok(());
    }
    let findings = record::check_path(path)
        .map_err(|error| Failure::Run(RunError::Input(error.to_string())))?;
    let errors = findings
        .iter()
        .filter(|finding| finding.severity == Severity::Error)
        .count();
    let mut text = String::new();
    for finding in &findings {
        let _ = writeln!(text, "{finding}");
    }
    let _ = writeln!(
        text,
        "{errors} error(s), {} warning(s)",
        findings.len() - errors
    );
    print(&text);
    if errors > 0 {
        Err(Failure::Usage(format!(
            "{}: {errors} error(s)",
            path.display()
        )))
    } else {
        Ok(())
    }
}
