//! How agents behave over rounds.

use rounds_environments::coordination::{Class, CommGraph, Objective};
use rounds_policies::coordination::{
    Flooding, Method, MplOptions, OsgOptions, PolicyExtension, RotaOptions, SplOptions,
};

use super::support::{
    Facility, Game, Table, arbitrary, complete, coverage, path, policies, stream, worth,
};

const ACTIONS: [usize; 4] = [3, 1, 2, 3];

fn online() -> impl Iterator<Item = Method> {
    let all = Method::NAMES.into_iter().map(|name| {
        let method = Method::from_name(name).unwrap();
        assert_eq!(method.name(), name);
        method
    });
    all.filter(|method| !method.is_oracle())
}

#[test]
fn whatever_is_revealed_policies_stay_policies_and_actions_exist() {
    const HORIZON: u32 = 60;
    let graph = path(ACTIONS.len());
    for class in [Class::Submodular, Class::Any] {
        let mut random = stream(20);
        let tables: Vec<Table> = (0..7)
            .map(|at| match (class, at) {
                (_, 3) => Table::new(&ACTIONS, class, |_| 0.0),
                (Class::Any, _) => arbitrary(&ACTIONS, &mut random),
                _ => coverage(&ACTIONS, &mut random),
            })
            .collect();
        for method in online() {
            let mut game = Game::new(&method, &tables[0], &graph, HORIZON, 5);
            for _ in 0..HORIZON {
                let reward = game.round(|round| &tables[round as usize % tables.len()]);
                assert!(reward.is_finite());
                for (action, count) in game.history.last().unwrap().iter().zip(ACTIONS) {
                    assert!(action.is_none_or(|a| (a as usize) < count), "{method:?}");
                    // Without harm there is no reason to do nothing.
                    assert!(action.is_some() || class == Class::Any, "{method:?}");
                }
                let board = game.board();
                for agent in 0..ACTIONS.len() {
                    let copies = board.copies(agent);
                    if copies.is_empty() {
                        continue;
                    }
                    for j in 0..ACTIONS.len() {
                        let block = &copies[tables[0].ground().block(j)];
                        let sum: f64 = block.iter().sum();
                        assert!(block.iter().all(|&p| p >= 0.0), "{method:?}: {block:?}");
                        assert!(sum <= 1.0 + 1e-9, "{method:?}: {sum}");
                    }
                }
            }
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_actions() {
    let graph = path(ACTIONS.len());
    let mut random = stream(21);
    let tables: Vec<Table> = (0..5).map(|_| coverage(&ACTIONS, &mut random)).collect();
    for method in online() {
        let play = |seed: u64| {
            let mut game = Game::new(&method, &tables[0], &graph, 40, seed);
            for _ in 0..40 {
                game.round(|round| &tables[round as usize % tables.len()]);
            }
            game.history
        };
        assert_eq!(play(1), play(1), "{method:?}");
        let random = !matches!(method, Method::Rota(_));
        assert_eq!(play(1) != play(2), random, "{method:?}");
    }
}

#[test]
fn without_gradients_copies_agree_at_the_rate_of_the_graph() {
    const ROUNDS: usize = 60;
    let n = 5;
    let nothing = Table::new(&[2; 5], Class::Submodular, |_| 0.0);
    let graph = path(n);
    let width = nothing.ground().len();
    for name in ["ma-spl", "ma-osma"] {
        let method = Method::from_name(name).unwrap();
        let mut game = Game::new(&method, &nothing, &graph, ROUNDS as u32, 0);
        let mut random = stream(22);
        let mut mean = vec![0.0; width];
        for agent in 0..n {
            let copies = policies(nothing.ground(), &mut random);
            for (mean, p) in mean.iter_mut().zip(&copies) {
                *mean += p / n as f64;
            }
            game.board().start(agent, &copies);
        }
        let apart = |game: &mut Game<'_>| {
            let board = game.board();
            let all = (0..n).flat_map(|agent| board.copies(agent).iter().zip(&mean));
            all.map(|(p, mean)| (p - mean).powi(2)).sum::<f64>().sqrt()
        };
        let first = apart(&mut game);
        let mut before = first;
        for round in 1..=ROUNDS {
            game.round(|_| &nothing);
            let now = apart(&mut game);
            let bound = graph.tau().powi(round as i32) * first;
            assert!(now <= bound * (1.0 + 1e-9) + 1e-13, "{name}: {now}");
            if round == ROUNDS {
                let rate = now / before;
                assert!((rate - graph.tau()).abs() < 1e-3, "{name}: {rate}");
            }
            before = now;
        }
    }
}

#[test]
fn sequential_methods_follow_the_last_round() {
    let graph = path(3);
    // The same place is best for everybody alone, and worth nothing to those who come later.
    let everybody = [[1.0, 0.0, 0.0], [0.0, 0.9, 0.0], [0.0, 0.0, 0.8]].map(Vec::from);
    let scores = [everybody.as_slice(); 3].concat();
    let facility = Facility::new(&[3, 3, 3], &scores);
    let mut greedy = Game::new(&Method::Greedy, &facility, &graph, 1, 0);
    let best = greedy.round(|_| &facility);
    assert!((best - 2.7).abs() < 1e-12);
    let mut stale = Game::new(&Method::StaleGreedy, &facility, &graph, 2, 0);
    stale.round(|_| &facility);
    assert!((stale.round(|_| &facility) - best).abs() < 1e-12);
    let mut alone = Game::new(&Method::OwnBest, &facility, &graph, 2, 0);
    alone.round(|_| &facility);
    alone.round(|_| &facility);
    for (agent, action) in alone.history[1].iter().enumerate() {
        let value = |action| {
            let mut actions = [None; 3];
            actions[agent] = Some(action);
            worth(&facility, &actions)
        };
        let chosen = value(action.unwrap());
        assert!((0..3).all(|other| value(other) <= chosen));
    }
}

#[test]
fn turns_are_taken() {
    let nothing = Table::new(&[3, 3], Class::Submodular, |_| 0.0);
    let graph = path(2);
    let method = Method::Rota(RotaOptions {
        period: 2,
        ..RotaOptions::default()
    });
    let mut game = Game::new(&method, &nothing, &graph, 7, 0);
    (0..7).for_each(|_| {
        game.round(|_| &nothing);
    });
    let first: Vec<u32> = game.history.iter().map(|a| a[0].unwrap()).collect();
    assert_eq!(first, [0, 0, 1, 1, 2, 2, 0]);
    assert_eq!(game.history[0][1], Some(1));
}

#[test]
fn turns_can_begin_at_even_distances() {
    let nothing = Table::new(&[5; 3], Class::Submodular, |_| 0.0);
    let graph = path(3);
    let method = Method::Rota(RotaOptions {
        spread: true,
        ..RotaOptions::default()
    });
    let mut game = Game::new(&method, &nothing, &graph, 5, 0);
    (0..5).for_each(|_| {
        game.round(|_| &nothing);
    });
    assert_eq!(game.history[0], [Some(0), Some(1), Some(3)]);
    assert_eq!(game.history[4], [Some(4), Some(0), Some(2)]);
}

#[test]
fn harm_drains_into_no_action() {
    let harm = Table::new(&[2, 2], Class::Any, |set| -f64::from(set.count_ones()));
    let graph = complete(2);
    for name in ["ma-spl", "ma-mpl", "own-best", "stale-greedy"] {
        let method = Method::from_name(name).unwrap();
        let mut game = Game::new(&method, &harm, &graph, 30, 0);
        let rewards: Vec<f64> = (0..30).map(|_| game.round(|_| &harm)).collect();
        assert_eq!(rewards[29], 0.0, "{name}: {rewards:?}");
    }
    let mut game = Game::new(&Method::Greedy, &harm, &graph, 1, 0);
    assert_eq!(game.round(|_| &harm), 0.0);
}

/// Whoever has learned does better than at random, on the mean of a few seeds.
#[test]
fn every_learner_gains_on_chance() {
    const HORIZON: u32 = 400;
    let mut random = stream(24);
    let facility = Facility::random(&[4; 4], 5, &mut random);
    let graph = path(4);
    let mean_of = |method: &Method| {
        let runs = (0..4).map(|seed| {
            let mut game = Game::new(method, &facility, &graph, HORIZON, seed);
            let rewards: Vec<f64> = (0..HORIZON).map(|_| game.round(|_| &facility)).collect();
            rewards[HORIZON as usize / 2..].iter().sum::<f64>() / f64::from(HORIZON / 2)
        });
        runs.sum::<f64>() / 4.0
    };
    let chance = mean_of(&Method::Random);
    let best = mean_of(&Method::Optimum);
    for method in online() {
        if matches!(method, Method::Random | Method::Rota(_)) {
            continue;
        }
        let share = (mean_of(&method) - chance) / (best - chance);
        let least = match method {
            // Its agents know only what they did, and look alike until they try.
            Method::BanditOsg(_) => 0.2,
            Method::OwnBest => 0.3,
            _ => 0.6,
        };
        assert!(share > least, "{}: {share}", method.name());
    }
}

#[test]
fn one_hop_needs_no_delay() {
    let mut random = stream(25);
    let facility = Facility::random(&[3; 3], 4, &mut random);
    let graph = complete(3);
    let play = |flooding| {
        let method = Method::MaMpl(MplOptions {
            flooding,
            levels: Some(3),
            ..MplOptions::default()
        });
        assert_eq!(method.lag(&graph), 0);
        let mut game = Game::new(&method, &facility, &graph, 30, 3);
        (0..30).for_each(|_| {
            game.round(|_| &facility);
        });
        game.history
    };
    assert_eq!(play(Flooding::WithinRound), play(Flooding::Delayed));
}

/// Agent 1 should cover what agent 0 does not; what agent 0 did is that of the round that the
/// feedback is of, two rounds ago.
#[test]
fn late_feedback_remembers_the_meta_actions_of_its_round() {
    let score = |target: usize| {
        [0.0, 1.0]
            .map(|s| if target == 0 { 1.0 - s } else { s })
            .to_vec()
    };
    let none = vec![0.0; 2];
    let scores = [score(0), score(1), score(0), score(1), none.clone(), none];
    let facility = Facility::new(&[2, 2, 1, 1], &scores);
    let graph = path(4);
    let method = Method::MaMpl(MplOptions {
        eta0: 1000.0,
        levels: Some(2),
        distorted: Some(false),
        batch: 64,
        flooding: Flooding::Delayed,
        ..MplOptions::default()
    });
    assert_eq!(method.lag(&graph), 2);
    for seed in 0..8 {
        let mut game = Game::new(&method, &facility, &graph, 4, seed);
        game.round(|_| &facility);
        // Levels of the round, in the place of round 1 of three that are kept.
        let first = game.board().ids(0)[2];
        (0..3).for_each(|_| {
            game.round(|_| &facility);
        });
        // Round 4 stands where round 1 stood; level 1 saw what level 0 of agent 0 had drawn.
        let answer = game.board().ids(1)[3];
        assert_eq!(answer, 3 - first, "seed {seed}");
    }
}

/// The forecaster of an agent learns from marginals given those before it, in their order.
#[test]
fn osg_splits_the_work() {
    let scores = [
        vec![1.0, 0.0],
        vec![0.0, 0.9],
        vec![1.0, 0.0],
        vec![0.0, 0.9],
    ];
    let facility = Facility::new(&[2, 2], &scores);
    let graph = path(2);
    let method = Method::Osg(OsgOptions::default());
    let mut game = Game::new(&method, &facility, &graph, 400, 0);
    let rewards: Vec<f64> = (0..400).map(|_| game.round(|_| &facility)).collect();
    let last: f64 = rewards[300..].iter().sum::<f64>() / 100.0;
    assert!(last > 1.8, "{last}");
}

#[test]
fn an_own_block_can_be_kept_from_averaging() {
    let mut random = stream(26);
    let facility = Facility::random(&[3; 4], 4, &mut random);
    let graph = path(4);
    let block = facility.ground().block(1);
    let own_after_one_round = |authoritative| {
        let method = Method::MaSpl(SplOptions {
            eta0: 1e-9,
            own_block_authoritative: authoritative,
            ..SplOptions::default()
        });
        let mut game = Game::new(&method, &facility, &graph, 1, 0);
        let mut random = stream(27);
        let copies: Vec<_> = (0..4)
            .map(|_| policies(facility.ground(), &mut random))
            .collect();
        (0..4).for_each(|agent| game.board().start(agent, &copies[agent]));
        game.round(|_| &facility);
        let now = game.board().copies(1)[block.clone()].to_vec();
        let moved = now.iter().zip(&copies[1][block.clone()]);
        moved.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
    };
    assert!(own_after_one_round(true) < 1e-8);
    assert!(own_after_one_round(false) > 1e-3);
}

/// Agents draw the others' actions from what they hold themselves, before they average.
#[test]
fn ma_spl_learns_from_its_own_copies() {
    let score = |target: usize| {
        [0.0, 1.0]
            .map(|s| if target == 0 { 1.0 - s } else { s })
            .to_vec()
    };
    let scores = [score(0), score(1), score(0), score(1)];
    let facility = Facility::new(&[2, 2], &scores);
    let graph = complete(2);
    let method = Method::MaSpl(SplOptions {
        eta0: 0.1,
        batch: 10_000,
        ..SplOptions::default()
    });
    let mut game = Game::new(&method, &facility, &graph, 1, 0);
    // Agent 0 takes action 1, and agent 1 believes that it takes action 0.
    let believed = [1.0, 0.0, 0.3, 0.3];
    game.board().start(0, &[0.0, 1.0, 0.3, 0.3]);
    game.board().start(1, &believed);
    game.round(|_| &facility);
    let mut exact = [0.0; 4];
    let mut extension = PolicyExtension::new(&facility).unwrap();
    extension.curvature_direction(&believed, &mut exact);
    for (held, exact) in game.board().copies(1).iter().zip(exact).skip(2) {
        let moved = (held - 0.3) / 0.1;
        assert!((moved - exact).abs() < 0.03, "{moved} for {exact}");
    }
}

#[test]
fn ma_osma_acts_whatever_the_mass_of_its_policy() {
    let mut random = stream(28);
    let facility = Facility::random(&[2, 2], 2, &mut random);
    let graph = complete(2);
    for seed in 0..10 {
        let method = Method::from_name("ma-osma").unwrap();
        let mut game = Game::new(&method, &facility, &graph, 1, seed);
        game.board().start(0, &[0.0, 0.2, 0.5, 0.5]);
        game.board().start(1, &[0.5, 0.5, 0.1, 0.0]);
        game.round(|_| &facility);
        assert_eq!(game.history[0], [Some(1), Some(0)]);
    }
}

/// Agents that cannot hear each other both tend to what is best for one alone.
#[test]
fn those_out_of_reach_are_not_heard() {
    let scores = [[1.0, 0.0], [0.0, 0.9], [1.0, 0.0], [0.0, 0.9]].map(Vec::from);
    let facility = Facility::new(&[2, 2], &scores);
    let apart = CommGraph::metropolis(2, &[], true).unwrap();
    let spl = Method::MaSpl(SplOptions {
        eta0: 20.0,
        ..SplOptions::default()
    });
    let mpl = Method::MaMpl(MplOptions {
        eta0: 20.0,
        levels: Some(4),
        ..MplOptions::default()
    });
    for method in [spl, mpl] {
        let ends_at = |graph: &CommGraph| {
            let mut game = Game::new(&method, &facility, graph, 400, 0);
            let rewards: Vec<f64> = (0..400).map(|_| game.round(|_| &facility)).collect();
            rewards[300..].iter().sum::<f64>() / 100.0
        };
        let (deaf, heard) = (ends_at(&apart), ends_at(&path(2)));
        assert!(deaf + 0.2 < heard, "{}: {deaf} {heard}", method.name());
    }
}
