//! The checks of a clinic: any arm of a scenario, with policies and patients of one's own or not.

use std::sync::Arc;

use rounds_agents::clinic::{PatientSource, Protocol, VisitLimits};
use rounds_environments::clinic::patient::Patient;
use rounds_environments::environment::EnvironmentError;
use rounds_environments::ids::EpisodeIx;
use rounds_environments::streams::RunSeed;
use rounds_policies::policy::Decider;

use super::checked::Checked;
use super::experiment::{Ways, check_experiment};
use super::planted::{MESSAGE, Plan, Planted, PlantedPolicy, all_faults, check_isolation};
use crate::clinic::{BuiltClinic, install};
use crate::run::Experiment;

/// The checks of a clinic.
pub struct ClinicKit<'a> {
    built: &'a BuiltClinic,
    /// In which ways it is run.
    pub ways: Ways,
}

/// Checks of the clinic of an arm.
pub fn clinic(built: &BuiltClinic) -> ClinicKit<'_> {
    let (clinic, _) = built.clinic_parts();
    ClinicKit {
        built,
        ways: Ways {
            limit: Some(clinic.visit.max_rounds),
            ..Ways::default()
        },
    }
}

impl ClinicKit<'_> {
    /// Runs every check. Faults are planted in patients, and in the policy where it decides in
    /// process.
    pub fn check(&self) -> Checked {
        let sound = &self.built.experiment;
        let mut checked = check_experiment(&sound.manifest.scenario, sound, &self.ways);
        let (mut clinic, protocol) = self.built.clinic_parts();
        let direct = matches!(protocol, Protocol::DynamiCare(Decider::Direct(_)));
        let of_patients = [Planted::NotMade, Planted::Panics];
        let wanted = |fault: &&Planted| match fault {
            Planted::PolicyPanics | Planted::PolicyFails => direct,
            other => of_patients.contains(other),
        };
        let faults: Vec<Planted> = all_faults().iter().filter(wanted).copied().collect();
        let plan = Plan::new(sound.manifest.episodes, &faults);
        clinic.patients = Arc::new(PlantedPatients {
            within: clinic.patients,
            plan: plan.clone(),
        });
        let protocol = match protocol {
            Protocol::DynamiCare(Decider::Direct(within)) => {
                let plan = plan.clone();
                Decider::Direct(Arc::new(PlantedPolicy { within, plan }) as _).into()
            }
            other => other,
        };
        let planted = Experiment {
            install: install(clinic, protocol),
            ..sound.clone()
        };
        check_isolation(&mut checked, sound, &planted, &plan);
        checked
    }
}

/// Patients of whom some cannot be made.
struct PlantedPatients {
    within: Arc<dyn PatientSource>,
    plan: Plan,
}

impl PatientSource for PlantedPatients {
    fn patient(
        &self,
        seed: RunSeed,
        episode: EpisodeIx,
    ) -> Result<Box<dyn Patient>, EnvironmentError> {
        match self.plan.of(episode) {
            Some(Planted::NotMade) => Err(EnvironmentError::Failed(MESSAGE.to_owned())),
            Some(Planted::Panics) => std::panic::panic_any(MESSAGE),
            _ => self.within.patient(seed, episode),
        }
    }

    fn limits(&self, episode: EpisodeIx) -> VisitLimits {
        self.within.limits(episode)
    }
}
