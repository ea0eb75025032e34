use super::*;
use proptest::prelude::*;

/// As many steps with two numbers seen and one done, none of which ends.
fn flat(steps: usize) -> Flat {
    let count = |n: usize| (0..n).map(|i| i as f64 / 10.0).collect::<Vec<f64>>();
    Flat {
        observations: Array::rows(2, count(2 * steps)),
        actions: Array::rows(1, vec![0.5; steps]),
        rewards: Array::list(vec![1.0; steps]),
        terminals: Array::list(vec![false; steps]),
        timeouts: Some(Array::list(vec![false; steps])),
        next_observations: None,
    }
}

fn cut(flat: Flat) -> Result<Loaded, DataError> {
    flat.cut(Header::default(), 1000)
}

fn said(flat: Flat) -> String {
    cut(flat).unwrap_err().to_string()
}

fn with_ends(steps: usize, terminals: &[usize], timeouts: &[usize]) -> Flat {
    let mut flat = flat(steps);
    for at in terminals {
        flat.terminals.items[*at] = true;
    }
    for at in timeouts {
        flat.timeouts.as_mut().unwrap().items[*at] = true;
    }
    flat
}

#[test]
fn episodes_end_at_terminals_and_timeouts_and_the_tail_is_left_out() {
    let loaded = cut(with_ends(10, &[2, 6], &[3, 6])).unwrap();
    let lengths: Vec<usize> = loaded.data.iter().map(|e| e.steps()).collect();
    assert_eq!(lengths, [3, 1, 3]);
    let ends: Vec<End> = loaded.data.iter().map(|e| e.end).collect();
    assert_eq!(ends, [End::Terminal, End::Timeout, End::Terminal]);
    assert_eq!(loaded.warnings, [Warning::Unfinished { steps: 3 }]);
    assert_eq!(loaded.data.steps(), 7);
}

#[test]
fn without_timeouts_episodes_have_a_greatest_length() {
    let mut flat = with_ends(9, &[1], &[]);
    flat.timeouts = None;
    let loaded = flat.cut(Header::default(), 3).unwrap();
    let lengths: Vec<usize> = loaded.data.iter().map(|e| e.steps()).collect();
    assert_eq!(lengths, [2, 3, 3]);
    let expected = [
        Warning::NoTimeouts { most_steps: 3 },
        Warning::Unfinished { steps: 1 },
    ];
    assert_eq!(loaded.warnings, expected);
}

#[test]
fn columns_are_squeezed() {
    let expected = cut(with_ends(4, &[3], &[])).unwrap();
    let mut flat = with_ends(4, &[3], &[]);
    flat.rewards.shape = vec![4, 1];
    flat.terminals.shape = vec![4, 1];
    flat.timeouts.as_mut().unwrap().shape = vec![4, 1];
    flat.actions.shape = vec![4];
    assert_eq!(cut(flat).unwrap(), expected);
}

#[test]
fn the_first_number_that_is_none_is_named() {
    for (array, place) in [
        ("observations", "episode 1, step 1, dimension 1"),
        ("actions", "episode 1, step 1, dimension 0"),
        ("rewards", "episode 1, step 1, dimension 0"),
    ] {
        for bad in [f64::NAN, f64::INFINITY] {
            let mut flat = with_ends(6, &[1, 4], &[]);
            match array {
                "observations" => {
                    flat.observations.items[7] = bad;
                    flat.observations.items[11] = bad;
                }
                "actions" => flat.actions.items[3] = bad,
                _ => flat.rewards.items[3] = bad,
            }
            let expected = format!("array {array}: expected finite numbers, got {bad} in {place}");
            assert_eq!(said(flat), expected);
        }
    }
    // In the tail as well, which is an episode that was not finished.
    let mut flat = with_ends(6, &[1], &[]);
    flat.rewards.items[5] = f64::NAN;
    assert!(said(flat).ends_with("in episode 1, step 3, dimension 0"));
}

#[test]
fn shapes_that_do_not_fit_are_named() {
    let change = |change: fn(&mut Flat)| {
        let mut flat = with_ends(4, &[3], &[]);
        change(&mut flat);
        said(flat)
    };
    let rewards = change(|flat| flat.rewards = Array::list(vec![0.0; 3]));
    assert_eq!(
        rewards,
        "array rewards: expected shape [4] or [4, 1], got [3]"
    );
    let wide = change(|flat| flat.rewards = Array::rows(2, vec![0.0; 8]));
    assert_eq!(
        wide,
        "array rewards: expected shape [4] or [4, 1], got [4, 2]"
    );
    let actions = change(|flat| flat.actions = Array::rows(1, vec![0.0; 5]));
    assert_eq!(actions, "array actions: expected shape [4, 1], got [5, 1]");
    let next = change(|flat| flat.next_observations = Some(Array::rows(3, vec![0.0; 12])));
    assert!(
        next.starts_with("array next_observations: expected shape [4, 2]"),
        "{next}"
    );
    let deep = change(|flat| flat.observations.shape = vec![2, 2, 2]);
    assert!(
        deep.contains("[steps, dimensions], got [2, 2, 2]"),
        "{deep}"
    );
    let none = change(|flat| flat.observations = Array::rows(0, vec![]));
    assert!(none.starts_with("array observations"), "{none}");
    let short = change(|flat| flat.observations.shape = vec![4, usize::MAX]);
    assert!(short.contains("of 8 items"), "{short}");
}

#[test]
fn no_episode_is_an_error() {
    assert!(matches!(cut(flat(5)), Err(DataError::Empty { steps: 5 })));
    assert!(matches!(cut(flat(0)), Err(DataError::Empty { steps: 0 })));
}

#[test]
fn actions_outside_and_dimensions_that_stand_still_are_told() {
    let mut flat = with_ends(4, &[1, 3], &[]);
    flat.actions.items = vec![0.0, -1.0, 1.5, -3.0];
    for row in 0..4 {
        flat.observations.items[2 * row] = 7.0;
    }
    let warnings = cut(flat).unwrap().warnings;
    let first = Place {
        episode: 1,
        step: 0,
    };
    let expected = [
        Warning::ActionsOutside {
            count: 2,
            first,
            dimension: 0,
            value: 1.5,
        },
        Warning::ConstantDimension {
            dimension: 0,
            value: 7.0,
        },
    ];
    assert_eq!(warnings, expected);
}

#[test]
fn what_is_seen_last_is_that_of_the_last_step() {
    let mut flat = with_ends(4, &[1, 3], &[]);
    let next = flat.observations.items.iter().map(|x| x + 100.0).collect();
    flat.next_observations = Some(Array::rows(2, next));
    let data = cut(flat).unwrap().data;
    assert_eq!(data.episode(0).last, Some(&[100.2, 100.3][..]));
    assert_eq!(
        data.last_observations().unwrap(),
        [100.2, 100.3, 100.6, 100.7]
    );
}

proptest! {
    /// Every finished step is in one episode, in order.
    #[test]
    fn no_step_is_lost(ends in prop::collection::vec((any::<bool>(), any::<bool>()), 1..40)) {
        let terminals: Vec<usize> = (0..ends.len()).filter(|i| ends[*i].0).collect();
        let timeouts: Vec<usize> = (0..ends.len()).filter(|i| ends[*i].1).collect();
        let flat = with_ends(ends.len(), &terminals, &timeouts);
        let all = flat.observations.items.clone();
        let last = ends.iter().rposition(|(a, b)| *a || *b).map_or(0, |at| at + 1);
        match cut(flat) {
            Ok(loaded) => {
                let joined: Vec<f64> = loaded.data.iter().flat_map(|e| e.observations.to_vec()).collect();
                prop_assert_eq!(&joined[..], &all[..2 * last]);
                let places = (0..last).map(|row| loaded.data.place(row));
                let told: Vec<Place> = loaded.data.iter().enumerate()
                    .flat_map(|(episode, e)| (0..e.steps()).map(move |step| Place { episode, step }))
                    .collect();
                prop_assert!(places.eq(told));
            }
            Err(DataError::Empty { steps }) => prop_assert!(last == 0 && steps == ends.len()),
            Err(other) => prop_assert!(false, "{other}"),
        }
    }
}
