//! `--diverge-at`: a recorded run whose course is left in one episode.

use std::path::Path;

use rounds_environments::ids::{EpisodeIx, RoundIx};
use rounds_models::Divergence;

use super::Failure;
use super::args::Common;
use crate::branch::of_recording;
use crate::run::{Diverged, RunDirectory};
use crate::schema::{Arm, Family, ModelSpec, PolicySpec};
use crate::speech::{Branching, recording};

/// What a run needs to leave a recording.
pub(super) struct Parting {
    pub(super) branching: Branching,
    pub(super) diverged: Diverged,
    /// The recorded course of the episode, where it is there.
    pub(super) recorded: Option<String>,
}

/// Refuses `--diverge-at` for a command that runs `count` arms.
pub(super) fn of_one_arm(common: &Common, count: usize) -> Result<(), Failure> {
    match common.diverge_at {
        Some(_) if count != 1 => Err(Failure::Usage(
            "--diverge-at leaves the recording of one arm: run that arm alone, with rounds run \
             --arm NAME"
                .to_owned(),
        )),
        _ => Ok(()),
    }
}

/// Where the run of `arm` in `folder` leaves its recording, if it does.
pub(super) fn parting(
    common: &Common,
    arm: &Arm,
    folder: &Path,
) -> Result<Option<Parting>, Failure> {
    let (Some(calls), Some((episode, round))) = (&common.replay, common.diverge_at) else {
        return Ok(None);
    };
    can_decide(arm)?;
    let rounds = recording(calls)?.rounds();
    let wrong = |why: String| {
        Err(Failure::Usage(format!(
            "--diverge-at {episode}:{round}: {why}"
        )))
    };
    let Some(of_episode) = rounds.get(&EpisodeIx(episode)) else {
        let (first, last) = (rounds.keys().next(), rounds.keys().next_back());
        let has = first.zip(last).map_or_else(String::new, |(first, last)| {
            format!(", which has those of episodes {first} to {last}")
        });
        return wrong(format!(
            "there is no call of episode {episode} in {}{has}",
            calls.display()
        ));
    };
    if !of_episode.iter().any(|&of| of >= RoundIx(round)) {
        let last = of_episode.iter().next_back().map_or(0, |last| last.0);
        return wrong(format!(
            "episode {episode} has no call from round {round} on; its last is in round {last}"
        ));
    }
    let (diverged, recorded) = of_recording(calls, (episode, round))?;
    let resumed = common.resume.as_ref();
    Ok(Some(Parting {
        branching: Branching {
            at: Divergence {
                episode: EpisodeIx(episode),
                round: RoundIx(round),
            },
            made: resumed.and_then(|_| RunDirectory::recorded_calls(folder)),
        },
        diverged,
        recorded,
    }))
}

/// Refuses an arm in which nobody could decide anew.
fn can_decide(arm: &Arm) -> Result<(), Failure> {
    let (policy, outside) = match &arm.scenario.family {
        Family::Clinic(clinic) => {
            let outside = clinic
                .used()
                .any(|(_, policy)| matches!(policy, PolicySpec::Process(_) | PolicySpec::Human));
            (&clinic.team.policy, outside)
        }
        Family::Coordination(family) => (&family.policy, false),
        Family::ClinicDay(family) => (&family.policy, false),
        Family::Trajectory(family) => (&family.policy, false),
    };
    let models = arm.scenario.speaking_models();
    let anew = |(_, spec): &(&str, &ModelSpec)| !matches!(spec, ModelSpec::Replay { .. });
    if outside || models.iter().any(anew) {
        return Ok(());
    }
    let why = match models.first() {
        None => format!(
            "the policy {policy:?} of the arm {:?} asks no model",
            arm.name
        ),
        Some((model, _)) => format!(
            "the model {model:?} answers from a recording alone; name one that answers anew"
        ),
    };
    Err(Failure::Usage(format!(
        "--diverge-at: nobody can decide anew: {why}"
    )))
}
