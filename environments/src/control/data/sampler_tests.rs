use super::*;
use crate::control::data::{End, Episode, Header};
use crate::ids::EpisodeIx;
use crate::streams::{Purpose, RunSeed, StreamKey};
use proptest::prelude::*;

/// Episodes with these rewards; what is seen is the number of the step among all.
fn data(rewards: &[Vec<f64>]) -> Trajectories {
    let mut data = Trajectories::new(Header::default(), 1, 1).unwrap();
    for rewards in rewards {
        let from = data.steps();
        let seen: Vec<f64> = (from..from + rewards.len()).map(|i| i as f64).collect();
        data.push(Episode {
            observations: &seen,
            actions: &vec![0.25; rewards.len()],
            rewards,
            end: End::Timeout,
            last: None,
        })
        .unwrap();
    }
    data
}

fn stream(episode: u32) -> Stream {
    StreamKey::episode(RunSeed(2), EpisodeIx(episode), Purpose::Training).open()
}

fn config(context: usize) -> SamplerConfig {
    SamplerConfig {
        context,
        return_scale: 1.0,
        ..SamplerConfig::default()
    }
}

proptest! {
    /// Returns to go differ by the reward, the first is the return, and padding is in front and masked.
    #[test]
    fn rows_are_what_the_episode_holds(
        rewards in prop::collection::vec(prop::collection::vec(-1e3..1e3_f64, 1..9), 1..5),
        context in 1..7_usize, seed in any::<u32>(),
    ) {
        let data = data(&rewards);
        let sampler: Sampler<f64> = Sampler::new(&data, config(context)).unwrap();
        let mut batch = sampler.room(8);
        sampler.sample(&mut stream(seed), &mut batch);
        for row in 0..8 {
            let mask = &batch.mask[row * context..][..context];
            let real = mask.iter().filter(|m| **m == 1.0).count();
            prop_assert!(real >= 1 && mask[..context - real].iter().all(|m| *m == 0.0));
            let first = row * context + context - real;
            let state = batch.states[first] * sampler.normaliser().std[0] + sampler.normaliser().mean[0];
            let step = state.round() as usize;
            let place = data.place(step);
            prop_assert_eq!(batch.timesteps[first] as usize, place.step);
            let whole = &rewards[place.episode];
            prop_assert_eq!(real, context.min(whole.len() - place.step));
            let to_go = &batch.returns_to_go[row * (context + 1)..][..=context];
            for t in 0..real {
                let at = context - real + t;
                let left: f64 = whole[place.step + t..].iter().sum();
                prop_assert!((to_go[at] - left).abs() < 1e-9);
                let reward = whole[place.step + t];
                prop_assert!((to_go[at] - to_go[at + 1] - reward).abs() < 1e-9);
            }
        }
    }

    /// What is kept holds no more steps than the share, unless it is one episode, and no worse episode than what is not.
    #[test]
    fn the_best_are_kept(
        rewards in prop::collection::vec(prop::collection::vec(-9.0..9.0_f64, 1..6), 1..12), share in 0.01..1.0_f64,
    ) {
        let data = data(&rewards);
        let kept = best(&data, share);
        let steps: usize = kept.iter().map(|n| rewards[*n].len()).sum();
        prop_assert!(kept.len() == 1 || steps as f64 <= share * data.steps() as f64);
        let returns = data.returns();
        let worst = kept.iter().map(|n| returns[*n]).fold(f64::INFINITY, f64::min);
        let others = (0..rewards.len()).filter(|n| !kept.contains(n));
        prop_assert!(others.map(|n| returns[n]).all(|other| other <= worst));
    }
}

#[test]
fn starts_are_even_among_all_steps() {
    let data = data(&[vec![0.0; 1], vec![0.0; 2], vec![0.0; 7]]);
    let sampler: Sampler<f64> = Sampler::new(&data, config(1)).unwrap();
    assert_eq!(sampler.probabilities(), [0.1, 0.2, 0.7]);
    let mut batch = sampler.room(100_000);
    sampler.sample(&mut stream(0), &mut batch);
    let mut counts = [0.0_f64; 10];
    for state in &batch.states {
        let step = state * sampler.normaliser().std[0] + sampler.normaliser().mean[0];
        counts[step.round() as usize] += 1.0;
    }
    // Each has a standard deviation of about 95.
    assert!(
        counts.iter().all(|count| (count - 1e4).abs() < 500.0),
        "{counts:?}"
    );
}

#[test]
fn single_precision_does_not_depend_on_how_a_source_keeps_its_numbers() {
    let rewards = vec![vec![0.1, 0.2, 0.7], vec![-0.3, 1e-3]];
    let rounded: Vec<Vec<f64>> = rewards
        .iter()
        .map(|all| all.iter().map(|r| f64::from(*r as f32)).collect())
        .collect();
    let [one, other] = [rewards, rounded].map(|rewards| {
        let sampler: Sampler<f32> = Sampler::new(&data(&rewards), config(4)).unwrap();
        let mut batch = sampler.room(16);
        sampler.sample(&mut stream(0), &mut batch);
        batch
    });
    assert_eq!(one, other);
}

#[test]
fn short_contexts_short_episodes_and_late_steps() {
    let data = data(&[vec![1.0], vec![1.0; 5]]);
    let config = SamplerConfig {
        max_ep_len: 3,
        compat_action_pad: -10.0,
        ..config(3)
    };
    let sampler: Sampler<f32> = Sampler::new(&data, config).unwrap();
    let mut batch = sampler.room(2);
    sampler.fill(0, 0, 0, &mut batch);
    sampler.fill(1, 2, 1, &mut batch);
    assert_eq!(batch.mask, [0.0, 0.0, 1.0, 1.0, 1.0, 1.0]);
    assert_eq!(batch.timesteps, [0, 0, 0, 2, 2, 2]);
    assert_eq!(batch.actions, [-10.0, -10.0, 0.25, 0.25, 0.25, 0.25]);
    assert_eq!(
        batch.returns_to_go,
        [0.0, 0.0, 1.0, 0.0, 3.0, 2.0, 1.0, 0.0]
    );
    // A row that is filled again holds nothing of what it held.
    let mut other = sampler.room(2);
    sampler.fill(0, 0, 1, &mut batch);
    sampler.fill(1, 2, 0, &mut batch);
    sampler.fill(1, 2, 0, &mut other);
    sampler.fill(0, 0, 1, &mut other);
    assert_eq!(batch, other);
}

#[test]
fn a_floor_holds_dimensions_that_stand_still() {
    let mut still = Trajectories::new(Header::default(), 1, 1).unwrap();
    let episode = Episode {
        observations: &[2.0, 2.0],
        actions: &[0.0, 0.0],
        rewards: &[0.0, 0.0],
        end: End::Terminal,
        last: None,
    };
    still.push(episode).unwrap();
    assert_eq!(Normaliser::of::<f64>(&still, 0.0).unwrap().std, [1e-6]);
    let floored = Normaliser::of::<f64>(&still, 1e-3).unwrap();
    assert_eq!(floored.std, [1e-3]);
    assert!((floored.apply(0, 2.1) - 100.0).abs() < 1e-9);
    assert!(Normaliser::of::<f64>(&still, f64::NAN).is_err());
    let empty = Trajectories::new(Header::default(), 1, 1).unwrap();
    assert!(Normaliser::of::<f64>(&empty, 0.0).is_err());
}

#[test]
fn settings_that_cannot_be_are_named() {
    let data = data(&[vec![1.0]]);
    let cases: [(fn(&mut SamplerConfig), &str); 6] = [
        (|c| c.context = 0, "context"),
        (|c| c.return_scale = 0.0, "return_scale"),
        (|c| c.max_ep_len = 0, "max_ep_len"),
        (|c| c.compat_action_pad = f64::NAN, "compat_action_pad"),
        (|c| c.pct_traj = 0.0, "pct_traj"),
        (|c| c.std_floor = -1.0, "std_floor"),
    ];
    for (change, name) in cases {
        let mut config = config(2);
        change(&mut config);
        let error = Sampler::<f32>::new(&data, config).unwrap_err().to_string();
        assert!(error.starts_with(name), "{error}");
    }
}
