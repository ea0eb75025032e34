//! What a policy earns, outside any run: to choose its settings before it is tested.

use rounds_environments::control::ControlEnvironment;
use rounds_environments::ids::{AgentId, EpisodeIx, RoundIx};
use rounds_environments::streams::{Purpose, RunSeed, StreamKey};

use super::context::TrajectoryContext;
use super::error::{CollectError, check};
use super::policy::{Choices, Situation, TrajectoryPolicy};

/// Returns of the first `episodes` episodes of a run with this seed, at most as many as the environment has places.
///
/// # Errors
/// [`CollectError`] for no or too many episodes, a policy that does not decide, and an environment that fails.
pub fn rollouts(
    environment: &mut dyn ControlEnvironment,
    policy: &dyn TrajectoryPolicy,
    episodes: usize,
    seed: RunSeed,
) -> Result<Vec<f64>, CollectError> {
    let places = environment.entities();
    let holds = (1..=places).contains(&episodes);
    check("episodes", holds, format!("1 to {places}"), episodes)?;
    let space = environment.space();
    let (seen, done) = (space.observation_size(), space.action_size());
    let key = |episode: usize, step: u32, purpose| {
        let (episode, agent) = (EpisodeIx(episode as u32), AgentId(0));
        StreamKey::agent(seed, episode, agent, RoundIx(step), purpose)
    };
    let target = policy.target().unwrap_or(0.0);
    let mut contexts = Vec::with_capacity(episodes);
    for place in 0..places {
        match place < episodes {
            true => environment.start(place, key(place, 0, Purpose::Truth)),
            false => environment.retire(place),
        }
        let mut context = TrajectoryContext::new(policy.context_steps(), seen, done);
        context.restart(target);
        contexts.push(context);
    }
    let mut returns = vec![0.0; episodes];
    let mut all = vec![0.0; places * done];
    loop {
        let rows: Vec<usize> = (0..episodes)
            .filter(|place| !environment.is_over(*place))
            .collect();
        if rows.is_empty() {
            return Ok(returns);
        }
        let observations = environment.observations();
        for &place in &rows {
            contexts[place].see(&observations[place * seen..][..seen]);
        }
        let agents: Vec<Situation<'_>> = rows
            .iter()
            .map(|&place| Situation {
                key: key(place, environment.steps(place) + 1, Purpose::Policy),
                observation: &observations[place * seen..][..seen],
                context: &contexts[place],
            })
            .collect();
        let (mut actions, mut remembered) =
            (vec![0.0; rows.len() * done], vec![0.0; rows.len() * done]);
        let decided = policy.decide(
            &agents,
            &mut Choices {
                actions: &mut actions,
                remembered: &mut remembered,
            },
        );
        decided.map_err(|error| CollectError::Policy(error.to_string()))?;
        for (&place, action) in rows.iter().zip(actions.chunks_exact(done)) {
            all[place * done..][..done].copy_from_slice(action);
        }
        let stepped = environment.advance(&all)?;
        for (&place, action) in rows.iter().zip(remembered.chunks_exact(done)) {
            let reward = stepped.rewards[place];
            returns[place] += reward;
            contexts[place].act(action, if policy.pays_off() { reward } else { 0.0 });
        }
    }
}
