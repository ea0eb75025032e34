//! The cases of a run, and which of them each episode plays.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rounds_agents::clinic::VisitLimits;
use rounds_environments::clinic::case::{CaseScript, TopicIndex};
use rounds_environments::clinic::knowledge::Knowledge;
use rounds_environments::clinic::patient::Truth;
use rounds_environments::clinic::record::{Record, RecordSet};

use crate::clinic::sources;
use crate::predicate::plain_name;
use crate::run::RunError;
use crate::schema::{CasePatientSpec, CaseSpec, PatientFile, load_case};

/// One case, ready to be played.
#[derive(Debug, Clone)]
pub struct Case {
    /// What its file says.
    pub spec: CaseSpec,
    /// The script, where the patient is written in the case.
    pub(super) script: Option<(Arc<CaseScript>, Arc<TopicIndex>)>,
    /// The record, where it comes from one.
    pub(super) record: Option<Arc<Record>>,
    /// The text of that record must stay here.
    pub(super) restricted: bool,
    /// The truth.
    pub(super) truth: Truth,
}

/// Cases and the episodes that play them: the repeats of a case follow one another.
#[derive(Debug, Clone)]
pub struct CaseBook {
    cases: Vec<Case>,
    plan: Vec<(u32, u32)>,
    /// What findings of the cases are called.
    pub knowledge: Arc<Knowledge>,
}

impl CaseBook {
    /// Loads the cases of `files`, each to be played `repeats` times unless it says how often.
    /// Of more than `most` cases the first are taken; of fewer, all.
    ///
    /// # Errors
    /// [`RunError::Settings`] for a mistake in a file, [`RunError::Input`] for two cases of one id
    /// or a patient that cannot be read.
    pub fn load(
        files: &[PathBuf],
        knowledge: &Arc<Knowledge>,
        repeats: u32,
        most: Option<u32>,
    ) -> Result<Self, RunError> {
        let mut cases: Vec<Case> = Vec::new();
        let mut seen: BTreeMap<String, &Path> = BTreeMap::new();
        for file in files {
            let spec = load_case(file, knowledge).map_err(|e| RunError::Settings(Box::new(e)))?;
            if let Some(other) = seen.insert(spec.id.clone(), file) {
                return Err(RunError::Input(format!(
                    "{}: the case {:?} stands in {} already; give each case an id of its own",
                    file.display(),
                    spec.id,
                    other.display()
                )));
            }
            cases.push(Case::new(spec, knowledge)?);
        }
        let taken = most.map_or(cases.len(), |most| cases.len().min(most as usize));
        let mut plan = Vec::new();
        for (number, case) in (0..).zip(&cases[..taken]) {
            let repeats = case.spec.repeats.unwrap_or(repeats).max(1);
            plan.extend((0..repeats).map(|repeat| (number, repeat)));
        }
        Ok(Self {
            cases,
            plan,
            knowledge: Arc::clone(knowledge),
        })
    }

    /// All cases.
    pub fn cases(&self) -> &[Case] {
        &self.cases
    }

    /// Episodes in all.
    pub fn episodes(&self) -> usize {
        self.plan.len()
    }

    /// The case of an episode and the number of its repeat, from 0.
    pub fn of_episode(&self, episode: u32) -> Option<(&Case, u32)> {
        let (case, repeat) = self.plan.get(episode as usize)?;
        Some((self.cases.get(*case as usize)?, *repeat))
    }

    /// Whether the text of a case's record must stay here.
    pub fn restricted(&self) -> bool {
        self.cases.iter().any(|case| case.restricted)
    }

    /// The case of this id.
    pub fn find(&self, id: &str) -> Option<&Case> {
        self.cases.iter().find(|case| case.spec.id == id)
    }
}

impl Case {
    fn new(mut spec: CaseSpec, knowledge: &Arc<Knowledge>) -> Result<Self, RunError> {
        let (record, restricted) = match &spec.patient {
            CasePatientSpec::File(file) => {
                let (record, restricted) = read_record(file)?;
                (Some(Arc::new(record)), restricted)
            }
            _ => (None, false),
        };
        if let Some(record) = &record {
            truth_of_record(&mut spec, record);
        }
        let truth = Truth {
            names: vec![spec.truth.diagnosis.clone()],
            codes: vec![spec.truth.icd9.first().cloned().unwrap_or_default()],
        };
        let script = spec.patient.script().map(|script| {
            let script = CaseScript {
                id: spec.id.clone(),
                truth: truth.clone(),
                ..CaseScript::clone(script)
            };
            let index = TopicIndex::new(&script, knowledge);
            (Arc::new(script), Arc::new(index))
        });
        Ok(Self {
            spec,
            script,
            record,
            restricted,
            truth,
        })
    }

    /// Limits of its visits.
    pub(super) fn limits(&self) -> VisitLimits {
        let limits = self.spec.limits;
        VisitLimits {
            rounds: limits.rounds,
            minutes: limits.minutes,
            cost: limits.cost,
        }
    }
}

/// A case without a truth of its own has the first diagnosis of the record.
fn truth_of_record(spec: &mut CaseSpec, record: &Record) {
    let Some(first) = record.patient.diagnoses.first() else {
        return;
    };
    if spec.truth.diagnosis.is_empty() {
        let title = first.long_title.as_ref().or(first.short_title.as_ref());
        spec.truth.diagnosis = title.unwrap_or(&first.icd9_code).clone();
    }
    if spec.truth.icd9.is_empty() && !first.icd9_code.is_empty() {
        spec.truth.icd9 = vec![first.icd9_code.clone()];
    }
    let name = plain_name(&spec.truth.diagnosis);
    if !spec.lexicon.truth.contains(&name) {
        spec.lexicon.truth.push(name);
    }
    spec.lexicon.codes.clone_from(&spec.truth.icd9);
}

/// The record in a file, and whether its text must stay here.
fn read_record(file: &PatientFile) -> Result<(Record, bool), RunError> {
    let input = |error: &dyn std::fmt::Display| RunError::Input(error.to_string());
    let (path, wanted, set) = match file {
        PatientFile::Record(path) => (path, None, RecordSet::load(path).map_err(|e| input(&e))?),
        PatientFile::Records(folder, id) => {
            let set = RecordSet::load(folder).map_err(|e| input(&e))?;
            (folder, Some(*id), set)
        }
        // A record of such a file has the number of its line.
        PatientFile::AgentClinic(path, line) => {
            let set = sources::agentclinic(path, None)?;
            (path, Some(u64::from(*line)), set)
        }
    };
    let mut records = set.records.into_iter();
    let found = records.find(|record| wanted.is_none_or(|id| record.hadm_id == id));
    let found = found.ok_or_else(|| {
        let id = wanted.map_or_else(String::new, |id| format!(" {id}"));
        RunError::Input(format!("{}: holds no record{id}", path.display()))
    })?;
    Ok((found, set.restricted))
}
