use super::*;
use crate::control::data::{ActionMap, Episode, Reference, Warning};
use proptest::prelude::*;

fn header() -> Header {
    Header {
        environment: "pendulum".to_owned(),
        settings: serde_json::json!({"step_limit": 7}),
        collector: "a script".to_owned(),
        seeds: vec![1, u64::MAX],
        action_map: Some(ActionMap {
            low: vec![-2.0],
            high: vec![2.0],
        }),
        reference: Some(Reference {
            min: -1200.5,
            max: -160.0,
        }),
    }
}

fn data(lengths: &[usize], last: bool, scale: f64) -> Trajectories {
    let mut data = Trajectories::new(header(), 2, 1).unwrap();
    for (number, steps) in lengths.iter().enumerate() {
        let count = |n: usize| {
            (0..n)
                .map(|i| (i + number) as f64 * scale)
                .collect::<Vec<f64>>()
        };
        let end = if number % 2 == 0 {
            End::Terminal
        } else {
            End::Timeout
        };
        data.push(Episode {
            observations: &count(2 * steps),
            actions: &vec![-0.5; *steps],
            rewards: &count(*steps),
            end,
            last: last.then_some(&[9.5, scale]),
        })
        .unwrap();
    }
    data
}

fn said(path: &Path) -> String {
    let error = read(path).unwrap_err();
    let DataError::In {
        path: named,
        source,
    } = error
    else {
        panic!("expected the path, got {error}");
    };
    assert_eq!(named, path);
    source.to_string()
}

/// The file again with other tensors and metadata.
fn rewritten(path: &Path, change: impl Fn(&mut Vec<(String, Kept)>, &mut String)) {
    let bytes = fs::read(path).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let (_, described) = SafeTensors::read_metadata(&bytes).unwrap();
    let mut entry = described.metadata().as_ref().unwrap()[ENTRY].clone();
    let mut tensors: Vec<(String, Kept)> = file
        .tensors()
        .into_iter()
        .map(|(name, view)| {
            let kept = Kept {
                dtype: view.dtype(),
                shape: view.shape().to_vec(),
                bytes: view.data().to_vec(),
            };
            (name, kept)
        })
        .collect();
    change(&mut tensors, &mut entry);
    let metadata = HashMap::from([(ENTRY.to_owned(), entry)]);
    safetensors::serialize_to_file(tensors, Some(metadata), path).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn what_was_written_is_read(lengths in prop::collection::vec(1..6_usize, 1..5), last in any::<bool>(), scale in -1e3..1e3_f64) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("set.safetensors");
        // A scale of 0.5 is exact in single precision.
        for scale in [scale, 0.5] {
            let data = data(&lengths, last, scale);
            write(&path, &data).unwrap();
            let loaded = read(&path).unwrap();
            prop_assert_eq!(&loaded.data, &data);
            prop_assert_eq!(loaded.data.last_observations().is_some(), last);
        }
    }
}

#[test]
fn the_same_data_are_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let [one, other] = ["one", "other"].map(|name| {
        let path = folder.path().join(name);
        write(&path, &data(&[3, 1], true, 0.1)).unwrap();
        fs::read(path).unwrap()
    });
    assert_eq!(one, other);
}

#[test]
fn what_is_wrong_with_a_file_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("set.safetensors");
    assert!(said(&path).contains("cannot be read"));
    fs::write(&path, b"no such thing").unwrap();
    assert!(said(&path).starts_with("not a safetensors file"));
    let changes: [(fn(&mut Vec<(String, Kept)>, &mut String), &str); 8] = [
        (
            |tensors, _| tensors.retain(|(name, _)| name != "rewards"),
            "array rewards is missing",
        ),
        (
            |tensors, _| {
                let at = tensors.iter().position(|(name, _)| name == "observations");
                tensors[at.unwrap()].1 =
                    numbers(vec![4, 2], &[0.0, 1.0, 2.0, f64::NAN, 0.0, 0.0, 0.0, 0.0]);
            },
            "array observations: expected finite numbers, got NaN in episode 0, step 1, dimension 1",
        ),
        (
            |tensors, _| {
                let at = tensors.iter().position(|(name, _)| name == "actions");
                tensors[at.unwrap()].1.dtype = Dtype::I64;
                tensors[at.unwrap()].1.shape = vec![2, 1];
            },
            "array actions: expected f32 or f64, got I64",
        ),
        (
            |tensors, _| {
                let at = tensors
                    .iter()
                    .position(|(name, _)| name == "last_observations");
                tensors[at.unwrap()].1 = numbers(vec![1, 2], &[0.0, 0.0]);
            },
            "array last_observations: expected shape [2, 2], got [1, 2]",
        ),
        (
            |_, entry| *entry = entry.replace("/1\"", "/2\""),
            "expected the schema",
        ),
        (
            |_, entry| *entry = entry.replace("seeds", "sseeds"),
            "metadata \"rounds\": unknown field `sseeds`",
        ),
        (
            |_, entry| *entry = entry.replace("\"episodes\":2", "\"episodes\":3"),
            "expected the episodes and returns",
        ),
        (
            |_, entry| *entry = entry.replace("-1200.5", "5.0"),
            "reference: expected an expert better",
        ),
    ];
    for (change, why) in changes {
        write(&path, &data(&[3, 1], true, 0.5)).unwrap();
        rewritten(&path, change);
        assert!(
            said(&path).starts_with(why),
            "expected {why}, got {}",
            said(&path)
        );
    }
    write(&path, &data(&[3, 1], true, 0.5)).unwrap();
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() - 8]).unwrap();
    assert!(said(&path).starts_with("not a safetensors file"));
}

#[test]
fn steps_after_the_last_end_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("set.safetensors");
    write(&path, &data(&[3, 1], false, 0.5)).unwrap();
    rewritten(&path, |tensors, entry| {
        for (_, kept) in tensors.iter_mut().filter(|(name, _)| name == "timeouts") {
            kept.bytes.fill(0);
        }
        *entry = entry
            .replace("\"episodes\":2", "\"episodes\":1")
            .replace(",0.5]", "]");
    });
    let loaded = read(&path).unwrap();
    assert_eq!(loaded.warnings[0], Warning::Unfinished { steps: 1 });
    assert_eq!(loaded.data.episodes(), 1);
}
