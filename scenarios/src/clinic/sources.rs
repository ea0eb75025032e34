//! Case files that are read without an import: the same records as after one, in memory.

use std::path::Path;

use rounds_environments::clinic::agentclinic::{self, AgentClinicOptions};
use rounds_environments::clinic::fhir::{self, FhirOptions};
use rounds_environments::clinic::naming::CodeNamer;
use rounds_environments::clinic::record::RecordSet;
use rounds_environments::clinic::sources::Gathered;

use crate::run::RunError;
use crate::schema::VisitRule;

fn input(error: &dyn std::fmt::Display) -> RunError {
    RunError::Input(error.to_string())
}

/// The cases of an AgentClinic file.
pub(super) fn agentclinic(file: &Path, titles: Option<&Path>) -> Result<RecordSet, RunError> {
    let namer = CodeNamer::new(titles).map_err(|error| input(&error))?;
    agentclinic::read(file, &namer, AgentClinicOptions::default())
        .map(Gathered::into_set)
        .map_err(|error| input(&error))
}

/// The patients of FHIR bundles.
pub(super) fn fhir(
    path: &Path,
    titles: Option<&Path>,
    visit: VisitRule,
) -> Result<RecordSet, RunError> {
    let namer = CodeNamer::new(titles).map_err(|error| input(&error))?;
    let options = FhirOptions {
        visit: match visit {
            VisitRule::LastDisease => fhir::VisitRule::LastDisease,
            VisitRule::FirstDisease => fhir::VisitRule::FirstDisease,
            VisitRule::Last => fhir::VisitRule::Last,
        },
        ..FhirOptions::default()
    };
    fhir::read(path, &namer, &options)
        .map(Gathered::into_set)
        .map_err(|error| input(&error))
}
