//! Splits by subject: the admissions of one subject always fall into the same part.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::schema::Record;
use super::set::RecordSet;

/// A part of a split.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// For fitting.
    Train,
    /// For scoring.
    Test,
}

impl Part {
    /// Part of `subject_id` when `test_share` (0 to 1) of the subjects are for scoring.
    ///
    /// # Determinism
    /// A hash of the seed and the subject's number alone: adding subjects moves no other.
    pub fn of(subject_id: u64, test_share: f64, seed: u64) -> Self {
        let mut hash = Sha256::new();
        hash.update(b"rounds.split/1");
        hash.update(seed.to_le_bytes());
        hash.update(subject_id.to_le_bytes());
        let digest = hash.finalize();
        let bits = digest
            .iter()
            .take(6)
            .fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
        let uniform = bits as f64 / (1_u64 << 48) as f64;
        if uniform < test_share {
            Self::Test
        } else {
            Self::Train
        }
    }
}

impl RecordSet {
    /// The records of one part of the split by subject.
    ///
    /// `test_share` is the expected share of subjects in [`Part::Test`].
    pub fn split(&self, part: Part, test_share: f64, seed: u64) -> Vec<&Record> {
        self.records
            .iter()
            .filter(|record| Part::of(record.subject_id, test_share, seed) == part)
            .collect()
    }
}

/// Subjects that stand in both sets, in rising order; empty when the sets may be used as
/// training and test sets of one study.
///
/// Subject number 0 stands for "not known" and is not compared.
pub fn shared_subjects<'a>(
    a: impl IntoIterator<Item = &'a Record>,
    b: impl IntoIterator<Item = &'a Record>,
) -> Vec<u64> {
    let known = |record: &Record| (record.subject_id != 0).then_some(record.subject_id);
    let a: BTreeSet<u64> = a.into_iter().filter_map(known).collect();
    let b: BTreeSet<u64> = b.into_iter().filter_map(known).collect();
    a.intersection(&b).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records() -> RecordSet {
        let records = (0..2000)
            .map(|i| Record {
                subject_id: 1 + i / 2,
                hadm_id: i,
                ..Record::default()
            })
            .collect();
        RecordSet {
            records,
            manifest: None,
            restricted: true,
        }
    }

    #[test]
    fn parts_share_no_subject_cover_all_and_keep_the_share() {
        let set = records();
        let train = set.split(Part::Train, 0.25, 7);
        let test = set.split(Part::Test, 0.25, 7);
        assert_eq!(train.len() + test.len(), set.records.len());
        assert!(shared_subjects(train.iter().copied(), test.iter().copied()).is_empty());
        let share = test.len() as f64 / set.records.len() as f64;
        assert!((share - 0.25).abs() < 0.05, "{share}");
        assert!(set.split(Part::Test, 0.0, 7).is_empty());
        assert!(set.split(Part::Train, 1.0, 7).is_empty());
    }

    #[test]
    fn a_shared_subject_is_named() {
        let set = records();
        assert_eq!(shared_subjects(&set.records[..2], &set.records[1..3]), [1]);
    }
}
