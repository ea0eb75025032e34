//! Decisions from outside: programs of somebody's own, and people.

use std::sync::Arc;
use std::time::Duration;

use rounds_environments::clinic::knowledge::Knowledge;
use rounds_models::{
    Desk, HumanModel, LanguageModel, ModelServer, ProcessModel, ProcessOptions, ServerOptions,
};
use rounds_policies::clinic::outside::{ClinicDesk, OutsideClinician, hello};
use rounds_policies::clinic::respond::{Consultation, OutsidePatient, PatientDesk, Said};
use rounds_policies::clinic::task::{Action, Observation};
use rounds_policies::policy::{Decider, ModelPolicy};

use crate::run::RunError;
use crate::schema::{ProcessSpec, TeamSpec};
use crate::speech::{Cassette, answering, nobody};

/// How often a program is told what was wrong with a decision.
const NOTES: u32 = 1;

/// A program decides.
pub(super) fn process(
    team: &TeamSpec,
    name: &str,
    spec: &ProcessSpec,
    knowledge: &Arc<Knowledge>,
    cassette: &Cassette,
) -> Result<Decider<Observation, Action>, RunError> {
    let list_length = team.list_length as usize;
    let options = ProcessOptions {
        name: name.to_owned(),
        command: spec.command.clone(),
        folder: spec.folder.clone(),
        hello: hello(name, knowledge, list_length),
        deadline: Duration::from_secs_f64(spec.deadline_s),
        restarts: spec.restarts,
        processes: spec.processes as usize,
        batch: spec.batch as usize,
        keep: cassette.outside.keep.clone(),
    };
    let server = options.server();
    let live = || -> Result<Arc<dyn LanguageModel>, RunError> {
        if !cassette.outside.allow_process {
            return Ok(nobody(name, "no program may be started in this run"));
        }
        let model = ProcessModel::new(options).map_err(|error| {
            RunError::Worker(format!("the threads of a process cannot start: {error}"))
        })?;
        Ok(Arc::new(model))
    };
    let clinician = clinician(team, knowledge);
    Ok(Decider::Model {
        policy: Arc::new(clinician),
        server: Arc::new(ModelServer::start(
            answering(cassette, Some(name), live)?,
            server,
        )),
        re_asks: NOTES,
    })
}

/// The person at the terminal decides.
pub(super) fn human(
    team: &TeamSpec,
    name: &str,
    knowledge: &Arc<Knowledge>,
    cassette: &Cassette,
) -> Result<Decider<Observation, Action>, RunError> {
    let desk = Arc::new(ClinicDesk::new(Arc::clone(knowledge)));
    let clinician = Arc::new(clinician(team, knowledge));
    person(name, desk, clinician, cassette)
}

/// The person at the terminal answers for the patients.
pub(super) fn human_patient(
    knowledge: &Arc<Knowledge>,
    cassette: &Cassette,
) -> Result<Decider<Consultation, Said>, RunError> {
    let patient = Arc::new(OutsidePatient {
        knowledge: Arc::clone(knowledge),
    });
    person("patient", Arc::new(PatientDesk), patient, cassette)
}

fn person<O, A>(
    name: &str,
    desk: Arc<dyn Desk>,
    policy: Arc<dyn ModelPolicy<O, A>>,
    cassette: &Cassette,
) -> Result<Decider<O, A>, RunError> {
    let live = || -> Result<Arc<dyn LanguageModel>, RunError> {
        Ok(match &cassette.outside.console {
            Some(console) => Arc::new(HumanModel::new(name, Arc::clone(console), desk)),
            None => nobody(name, "nobody is at the terminal in this run"),
        })
    };
    let model = answering(cassette, Some(name), live)?;
    Ok(Decider::Model {
        policy,
        server: Arc::new(ModelServer::start(model, ServerOptions::default())),
        // A person is asked until there is an answer.
        re_asks: u32::MAX,
    })
}

fn clinician(team: &TeamSpec, knowledge: &Arc<Knowledge>) -> OutsideClinician {
    OutsideClinician {
        knowledge: Arc::clone(knowledge),
        list_length: team.list_length as usize,
    }
}
