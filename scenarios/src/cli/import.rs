//! `rounds data import`: the sources, and those that name diagnoses in words.

use std::fmt::Write;

use rounds_environments::clinic::agentclinic::{self, AgentClinicOptions};
use rounds_environments::clinic::fhir::{self, FhirOptions};
use rounds_environments::clinic::naming::{CodeNamer, TitlesError};
use rounds_environments::clinic::record::{CaseCounts, OutputError};
use rounds_environments::clinic::sources::{Gathered, ImportedFolder, SourceError};

use super::import_args::{NamedSource, Source};
use super::{Failure, data, data_sets, print};
use crate::clinic::NOTICE;
use crate::run::{RunError, pretty};
use crate::trajectory::SetKind;

/// Names that are printed; the manifest has all of them.
const MOST_NAMES: usize = 20;

/// Makes records from a source.
pub(crate) fn import(source: &Source) -> Result<(), Failure> {
    match source {
        Source::MimicIii(arguments) => data::import_tables(arguments),
        Source::Agentclinic(arguments) => {
            let options = AgentClinicOptions {
                skip_bad: arguments.named.skip_bad,
                open: arguments.named.open,
            };
            let read = |namer: &CodeNamer| agentclinic::read(&arguments.path, namer, options);
            write(&arguments.named, "cases", read)
        }
        Source::D4rl(arguments) => data_sets::import(arguments, SetKind::D4rl),
        Source::Minari(arguments) => data_sets::import(arguments, SetKind::Minari),
        Source::Rounds(arguments) => data_sets::import_run(arguments),
        Source::Fhir(arguments) => {
            let options = FhirOptions {
                visit: arguments.visit.into(),
                not_disease: arguments.not_disease.clone(),
                skip_bad: arguments.named.skip_bad,
                open: arguments.named.open,
            };
            let read = |namer: &CodeNamer| fhir::read(&arguments.path, namer, &options);
            write(&arguments.named, "patients", read)
        }
    }
}

fn write(
    named: &NamedSource,
    unit: &str,
    read: impl FnOnce(&CodeNamer) -> Result<Gathered, SourceError>,
) -> Result<(), Failure> {
    let namer = CodeNamer::new(named.titles.as_deref()).map_err(|error| titles(&error))?;
    let imported = read(&namer)
        .and_then(|gathered| gathered.write(&named.out))
        .map_err(|error| match error {
            SourceError::Output(OutputError::Write { path, source }) => {
                RunError::file(&path, "cannot be written")(source)
            }
            other => RunError::Input(other.to_string()),
        })?;
    if named.json {
        print(&String::from_utf8_lossy(&pretty(&imported.manifest)));
    } else {
        print(&told(&imported, unit));
    }
    Ok(())
}

fn titles(error: &TitlesError) -> Failure {
    Failure::Run(RunError::Input(error.to_string()))
}

/// What became of the cases, for people.
fn told(imported: &ImportedFolder, unit: &str) -> String {
    let manifest = &imported.manifest;
    let none = CaseCounts::default();
    let counts = manifest.cases.as_ref().unwrap_or(&none);
    let mut text = String::new();
    let _ = writeln!(
        text,
        "{} {unit} in {} file(s): {} records, {} skipped",
        counts.read,
        manifest.files.len(),
        counts.written,
        counts.skipped.len()
    );
    for skipped in &counts.skipped {
        let _ = writeln!(text, "skipped: {}: {}", skipped.place, skipped.reason);
    }
    if !counts.repeated.is_empty() {
        let pairs: Vec<String> = counts
            .repeated
            .iter()
            .map(|repeated| format!("{} as {}", repeated.case, repeated.first))
            .collect();
        let _ = writeln!(
            text,
            "repeated: {} ({}); kept, as the same subject",
            counts.repeated.len(),
            pairs.join(", ")
        );
    }
    for without in &counts.without_truth {
        let _ = writeln!(text, "not scored: {}: {}", without.place, without.reason);
    }
    let _ = writeln!(text, "{} examinations and tests kept", counts.leaves);
    for (word, parts) in [
        ("kept back", &counts.held_back),
        ("not read", &counts.ignored),
    ] {
        if !parts.is_empty() {
            let parts: Vec<String> = parts
                .iter()
                .map(|(kind, count)| format!("{count} {kind}"))
                .collect();
            let _ = writeln!(text, "{word}: {}", parts.join(", "));
        }
    }
    let names = &counts.names;
    let _ = writeln!(
        text,
        "{} diagnoses: {} codes by title, {} by synonym, {} by words in common; {} without code{}",
        names.names,
        names.by_title,
        names.by_synonym,
        names.by_words,
        names.unmapped,
        names
            .unmapped_share
            .map_or_else(String::new, |share| format!(" ({:.1} %)", 100.0 * share))
    );
    if !names.unmapped_names.is_empty() {
        let mut shown: Vec<&str> = names.unmapped_names.iter().map(String::as_str).collect();
        shown.truncate(MOST_NAMES);
        let more = match names.unmapped_names.len() - shown.len() {
            0 => String::new(),
            more => format!("; {more} more in the manifest"),
        };
        let _ = writeln!(text, "without code: {}{more}", shown.join("; "));
    }
    for warning in &manifest.warnings {
        let _ = writeln!(text, "note: {warning}");
    }
    let kind = if manifest.restricted {
        "restricted"
    } else {
        "open"
    };
    let _ = writeln!(text, "{}", manifest.licence);
    let _ = writeln!(
        text,
        "{} {kind} records in {}",
        manifest.records,
        imported.out.display()
    );
    let _ = writeln!(text, "{NOTICE}");
    text
}
