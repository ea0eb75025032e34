//! Scripted controllers, and the data sets that they make.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test fails by panic and tells what it measured"
)]

use std::sync::Arc;

use proptest::prelude::*;
use rounds_environments::control::classic::{CartPole, MountainCar, Pendulum};
use rounds_environments::control::data::{ActionMap, End, Header, Trajectories};
use rounds_environments::control::maze::{MazeConfig, PointMaze};
use rounds_environments::control::stabilise::{Stabilise, StabiliseConfig};
use rounds_environments::control::{
    Actions, ControlEnvironment, Dynamics, PointMass, Space, Stepped, Vectorised,
};
use rounds_environments::environment::EnvironmentError;
use rounds_environments::ids::EpisodeIx;
use rounds_environments::streams::{RunSeed, StreamKey};
use rounds_policies::trajectory::doses::{FixedDose, HandTuned, StepProtocol};
use rounds_policies::trajectory::experts::{
    CartPoleExpert, MazeExpert, MazeExpertConfig, MountainCarExpert, PendulumExpert,
    PointMassExpert,
};
use rounds_policies::trajectory::{
    CollectError, Controller, Level, Levels, LevelsConfig, Medium, Mixed, Mixture, Part,
    RandomController, collect, collect_into,
};

const SEED: RunSeed = RunSeed(17);

fn many<D: Dynamics>(dynamics: D, entities: usize) -> Box<dyn ControlEnvironment> {
    Box::new(Vectorised::new(dynamics, entities, RunSeed(0), EpisodeIx(0)).unwrap())
}

fn header(collector: &str) -> Header {
    Header {
        collector: collector.to_owned(),
        ..Header::default()
    }
}

fn played<D: Dynamics>(
    dynamics: D,
    controller: &dyn Controller,
    episodes: u32,
    side_by_side: usize,
) -> Trajectories {
    let mut environment = many(dynamics, side_by_side);
    collect(&mut *environment, controller, 0..episodes, SEED, header("")).unwrap()
}

fn mean(numbers: &[f64]) -> f64 {
    numbers.iter().sum::<f64>() / numbers.len() as f64
}

/// Says a mean and checks it.
fn lies(what: &str, returns: &[f64], least: f64, most: f64) {
    let got = mean(returns);
    println!("{what}: mean return {got:.3} of {}", returns.len());
    assert!(
        (least..=most).contains(&got),
        "{what}: expected {least} to {most}, got {got}"
    );
}

/// The same expert with a share of its actions at chance.
fn mixed(expert: impl Controller + 'static, actions: Actions, random: f64, noise: f64) -> Mixed {
    Mixed::new(Arc::new(expert), actions, random, noise).unwrap()
}

/// The card names -166 for the expert and -321, -866 and -1175 for 30, 70 and 100 % at chance, each the mean of 200 episodes, and
/// does not say how chance is drawn. Drawn evenly, 30 % cost less than that (with the ends of the bounds alone they
/// cost about as much), so that interval reaches from there to the card's figure.
#[test]
fn the_pendulum_is_held_as_well_as_the_card_says() {
    for (random, least, most) in [
        (0.0, -175.0, -140.0),
        (0.3, -330.0, -190.0),
        (0.7, -900.0, -680.0),
        (1.0, -1320.0, -1150.0),
    ] {
        let expert = mixed(
            PendulumExpert::default(),
            Actions::cube(1, -2.0, 2.0),
            random,
            0.0,
        );
        let data = played(Pendulum::default(), &expert, 600, 64);
        lies(&format!("pendulum, {random}"), &data.returns(), least, most);
        assert_eq!(data.steps(), 600 * 200);
    }
}

/// The card names -4.8, -5.8, -38.2 and -165.7 for shares of 0, 40, 80 and 100 % at chance, of 80 episodes each.
#[test]
fn the_set_of_the_point_mass_is_the_cards() {
    let mixture = Mixture {
        expert: Arc::new(PointMassExpert::default()),
        noise: 0.05,
        seed: SEED,
        header: header("PD"),
    };
    let parts = [0.0, 0.4, 0.8, 1.0].map(|random| Part {
        random,
        episodes: 80,
    });
    let mut environment = many(PointMass::default(), 32);
    let data = mixture.collect(&mut *environment, &parts, 0).unwrap();
    let returns = data.returns();
    for ((random, least, most), level) in [
        (0.0, -6.0, -3.8),
        (0.4, -7.2, -4.6),
        (0.8, -60.0, -25.0),
        (1.0, -230.0, -110.0),
    ]
    .into_iter()
    .zip(returns.chunks(80))
    {
        lies(&format!("point-mass, {random}"), level, least, most);
    }
    assert_eq!((data.episodes(), data.steps()), (320, 320 * 50));
    let header = data.header();
    assert_eq!(header.environment, "point-mass");
    assert_eq!(header.seeds, [17]);
    let told = "PD: 80 episodes with 0 random, 80 episodes with 0.4 random, \
                80 episodes with 0.8 random, 80 episodes with 1 random";
    assert_eq!(header.collector, told);
    assert!(data.last_observations().is_some());
    assert!(data.actions().iter().all(|number| number.abs() <= 1.0));
}

#[test]
fn the_pole_stays_up_and_the_car_arrives() {
    let data = played(CartPole::default(), &CartPoleExpert::default(), 300, 32);
    assert!(data.returns().iter().all(|total| *total == 500.0));
    let data = played(
        MountainCar::default(),
        &MountainCarExpert::default(),
        100,
        32,
    );
    assert!(data.iter().all(|episode| episode.end == End::Terminal));
    lies("mountain-car", &data.returns(), 88.0, 95.0);
}

/// In every maze, all goals are reached, and nearly as soon as the way is long.
#[test]
fn the_maze_is_walked_to_its_goal() {
    let large = [
        "1111111111",
        "1000100001",
        "1010101101",
        "1010001001",
        "1011111011",
        "1000000001",
        "1111111111",
    ];
    let small = MazeConfig::default().map;
    for map in [small, large.map(str::to_owned).to_vec()] {
        let config = MazeConfig {
            map,
            continuing: false,
            step_limit: 1500,
            ..MazeConfig::default()
        };
        let maze = PointMaze::new(config).unwrap();
        let expert = MazeExpert::new(MazeExpertConfig::default(), maze.maze().clone()).unwrap();
        let data = played(maze, &expert, 200, 16);
        let arrived = data
            .iter()
            .filter(|episode| episode.end == End::Terminal)
            .count();
        let longest = data.iter().map(|episode| episode.steps()).max().unwrap();
        let steps = data.steps() as f64 / 200.0;
        println!("maze: {arrived} of 200 arrived, {steps} steps in the mean, {longest} at most");
        assert_eq!(arrived, 200);
    }
}

#[test]
fn doses_are_good_in_the_order_that_is_said() {
    let patient = || Stabilise::new(StabiliseConfig::default()).unwrap();
    let hand = HandTuned::default();
    let steps = StepProtocol::default();
    let fixed = FixedDose::default();
    let mut means = Vec::new();
    for (name, dose) in [
        ("hand-tuned", &hand as &dyn Controller),
        ("protocol", &steps),
        ("fixed", &fixed),
        ("none", &FixedDose { dose: 0.0 }),
    ] {
        let returns = played(patient(), dose, 2000, 64).returns();
        println!("stabilise, {name}: {}", mean(&returns));
        means.push(mean(&returns));
    }
    assert!(means.is_sorted_by(|one, next| one > next), "{means:?}");
    assert!(means[0] > -5.0 && means[3] < -10.0, "{means:?}");
}

fn same_for_any_number(
    make: impl Fn(usize) -> Box<dyn ControlEnvironment>,
    controller: &dyn Controller,
    episodes: std::ops::Range<u32>,
    side_by_side: usize,
) -> Result<(), TestCaseError> {
    let one = collect(
        &mut *make(1),
        controller,
        episodes.clone(),
        SEED,
        header("x"),
    )
    .unwrap();
    let other = collect(
        &mut *make(side_by_side),
        controller,
        episodes.clone(),
        SEED,
        header("x"),
    )
    .unwrap();
    prop_assert_eq!(&one, &other);
    // Nor does it matter what is played before.
    let mut parts = collect(
        &mut *make(2),
        controller,
        episodes.start..episodes.start + 1,
        SEED,
        header("x"),
    )
    .unwrap();
    if episodes.len() > 1 {
        let rest = episodes.start + 1..episodes.end;
        collect_into(&mut parts, &mut *make(3), controller, rest, SEED).unwrap();
    }
    prop_assert_eq!(&one, &parts);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn company_changes_no_bit(first in 0..1000_u32, episodes in 1..12_u32, side_by_side in 1..20_usize) {
        let episodes = first..first + episodes;
        let poles = |entities| many(CartPole::default(), entities);
        // Of very different lengths.
        let random = RandomController::new(Actions::Discrete { count: 2 }).unwrap();
        same_for_any_number(poles, &random, episodes.clone(), side_by_side)?;
        let point = mixed(PointMassExpert::default(), Actions::cube(2, -1.0, 1.0), 0.4, 0.05);
        let points = |entities| many(PointMass::default(), entities);
        same_for_any_number(points, &point, episodes.clone(), side_by_side)?;
        let patients = |entities| many(Stabilise::new(StabiliseConfig::default()).unwrap(), entities);
        let dose = mixed(StepProtocol::default(), Actions::cube(1, 0.0, 1.0), 0.1, 0.2);
        same_for_any_number(patients, &dose, episodes, side_by_side)?;
    }
}

#[test]
fn levels_are_ordered_and_share_a_reference() {
    let config = LevelsConfig {
        episodes: 400,
        noise: 0.05,
        ..LevelsConfig::default()
    };
    let mut environment = many(PointMass::default(), 20);
    let expert = Arc::new(PointMassExpert::default());
    let levels = Levels::new(&mut *environment, expert, config, SEED, header("PD")).unwrap();
    let reference = levels.reference();
    println!(
        "point-mass: medium has {} at chance, {reference:?}",
        levels.medium()
    );
    let score = |level| {
        let data = levels.make(&mut *environment, level).unwrap();
        assert_eq!(data.episodes(), 400);
        assert_eq!(data.header().reference, Some(reference));
        let collector = &data.header().collector;
        assert!(
            collector.starts_with(&format!("{level}, PD: ")),
            "{collector}"
        );
        let score = reference.score(mean(&data.returns()));
        println!("point-mass, {level}: score {score:.1}");
        score
    };
    let [random, medium, replay, expert, both] = Level::ALL.map(score);
    assert!(
        random.abs() < 1e-9 && (expert - 100.0).abs() < 1e-9,
        "{random} {expert}"
    );
    // The mean of 400 episodes has an error of some 4 points on this level.
    assert!((medium - 33.3).abs() < 20.0, "{medium}");
    assert!(medium < both && both < expert, "{both}");
    assert!(replay > random - 15.0 && replay < expert, "{replay}");
    let parts = levels.parts(Level::MediumReplay);
    let all: u32 = parts.iter().map(|part| part.episodes).sum();
    assert_eq!(all, 400);
    assert!(parts.is_sorted_by(|one, next| one.random > next.random));
    assert_eq!((parts[0].random, parts[9].random), (1.0, levels.medium()));
    assert_eq!(levels.parts(Level::MediumExpert)[1].episodes, 200);
}

fn refused(result: Result<impl std::fmt::Debug, CollectError>, expected: &str) {
    assert_eq!(result.unwrap_err().to_string(), expected);
}

#[test]
fn settings_that_cannot_be_are_refused() {
    let mut environment = many(PointMass::default(), 2);
    let expert = PointMassExpert::default();
    refused(
        collect(&mut *environment, &expert, 3..3, SEED, header("")),
        "episodes: expected at least one, got 3 to 3",
    );
    let pole = CartPoleExpert::default();
    refused(
        collect(&mut *environment, &pole, 0..3, SEED, header("")),
        "the expert of cart-pole acts on 4 numbers seen and 1 done, got point-mass with 4 numbers seen and 2 done",
    );
    let mut scaled = header("");
    scaled.action_map = Some(ActionMap::of(&Actions::cube(2, -1.0, 1.0)));
    refused(
        collect(&mut *environment, &expert, 0..3, SEED, scaled),
        "action_map: expected actions of the environment, got a map in the header",
    );
    let wide = RandomController::new(Actions::cube(2, -2.0, 2.0)).unwrap();
    let error = collect(&mut *environment, &wide, 0..3, SEED, header("")).unwrap_err();
    assert!(
        error.to_string().starts_with("random acts on actions"),
        "{error}"
    );
    for (config, expected) in [
        (
            LevelsConfig {
                episodes: 1,
                ..LevelsConfig::default()
            },
            "episodes: expected at least 2, got 1",
        ),
        (
            LevelsConfig {
                medium: Medium::Score(100.0),
                ..LevelsConfig::default()
            },
            "medium.score: expected above 0 and below 100, got 100",
        ),
        (
            LevelsConfig {
                medium: Medium::Random(-0.5),
                ..LevelsConfig::default()
            },
            "medium.random: expected 0 to 1, got -0.5",
        ),
        (
            LevelsConfig {
                replay_stages: 1,
                ..LevelsConfig::default()
            },
            "replay_stages: expected 2 to the number of episodes, 200, got 1",
        ),
    ] {
        refused(config.validate(), expected);
    }
    // An expert that does its worst.
    let worst = PointMassExpert {
        place_gain: 2.0,
        ..PointMassExpert::default()
    };
    let (config, expert) = (LevelsConfig::default(), Arc::new(worst));
    let error = Levels::new(&mut *environment, expert, config, SEED, header("")).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("reference: expected an expert better than chance"),
        "{error}"
    );
    let none = Mixture {
        expert: Arc::new(PointMassExpert::default()),
        noise: 0.0,
        seed: SEED,
        header: header(""),
    };
    refused(
        none.collect(&mut *environment, &[], 0),
        "episodes: expected 1 to 10000000, got 0",
    );
    let mut patients = many(Stabilise::new(StabiliseConfig::default()).unwrap(), 2);
    let negative = HandTuned {
        most_dose: -0.5,
        ..HandTuned::default()
    };
    refused(
        collect(&mut *patients, &negative, 0..3, SEED, header("")),
        "most_dose: expected 0 to 1, got -0.5",
    );
    let part = Part {
        random: 0.0,
        episodes: 10,
    };
    refused(
        none.collect(&mut *environment, &[part], u32::MAX - 3),
        "first: expected so few that their numbers have 32 bits, got 4294967292",
    );
    let gain = PointMassExpert {
        speed_gain: f64::INFINITY,
        ..PointMassExpert::default()
    };
    refused(
        gain.validate(),
        "speed_gain: expected -1000000000 to 1000000000, got inf",
    );
}

/// Does what cannot be done in its third step.
#[derive(Debug)]
struct Broken;

impl Controller for Broken {
    fn act(&self, _: &[f32], keys: &[StreamKey], actions: &mut [f64]) {
        for (key, row) in keys.iter().zip(actions.chunks_exact_mut(2)) {
            let broken = key.episode == EpisodeIx(6) && key.round.0 == 3;
            row.fill(if broken { f64::NAN } else { 0.0 });
        }
    }
}

#[test]
fn what_cannot_be_done_is_told_by_episode_and_step() {
    let mut environment = many(PointMass::default(), 4);
    refused(
        collect(&mut *environment, &Broken, 4..9, SEED, header("")),
        "episode 6, step 3: expected finite numbers, got NaN at 0",
    );
}

/// An environment that fails, as one outside this project might.
#[derive(Debug)]
struct Failing(Vectorised<PointMass>);

impl ControlEnvironment for Failing {
    fn space(&self) -> &Space {
        self.0.space()
    }

    fn entities(&self) -> usize {
        self.0.entities()
    }

    fn start(&mut self, entity: usize, key: StreamKey) {
        self.0.start(entity, key);
    }

    fn retire(&mut self, entity: usize) {
        self.0.retire(entity);
    }

    fn is_over(&self, entity: usize) -> bool {
        self.0.is_over(entity)
    }

    fn steps(&self, entity: usize) -> u32 {
        self.0.steps(entity)
    }

    fn observations(&self) -> &[f32] {
        self.0.observations()
    }

    fn advance(&mut self, _: &[f64]) -> Result<Stepped<'_>, EnvironmentError> {
        Err(EnvironmentError::Failed("it fell over".to_owned()))
    }

    fn stepped(&self) -> Stepped<'_> {
        self.0.stepped()
    }
}

#[test]
fn a_failure_of_the_environment_is_told() {
    let inner = Vectorised::new(PointMass::default(), 1, SEED, EpisodeIx(0)).unwrap();
    let mut environment = Failing(inner);
    let expert = PointMassExpert::default();
    let result = collect(&mut environment, &expert, 0..1, SEED, header(""));
    refused(result, "it fell over");
}
