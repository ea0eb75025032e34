//! Which admissions become records.
//!
//! # Source
//! DynamiCare card, section 2.1.

use std::collections::{BTreeMap, BTreeSet};

use rand::RngExt;

use super::admissions::{AdmissionRow, PatientRow, read_admissions};
use super::error::ImportError;
use super::notes;
use super::options::ImportOptions;
use super::source::Source;
use crate::clinic::record::{CohortCounts, Totals};
use crate::ids::EpisodeIx;
use crate::streams::{Purpose, RunSeed, StreamKey};

/// Applies the filters in order and gives the admissions of the cohort with the counts.
pub(super) fn choose(
    source: &mut Source<'_>,
    options: &ImportOptions,
    patients: &BTreeMap<u64, PatientRow>,
    totals: &mut Totals,
) -> Result<(BTreeMap<u64, AdmissionRow>, CohortCounts), ImportError> {
    let mut counts = CohortCounts {
        max_diagnoses_inclusive: options.max_diagnoses,
        ..CohortCounts::default()
    };
    let wanted = few_diagnoses(source, options.max_diagnoses, &mut counts)?;
    let mut cohort = read_admissions(source, patients, &wanted, totals)?;
    counts.admissions = cohort.len() as u64;
    let without_row = wanted.len() - cohort.len();
    if without_row > 0 {
        source.warnings.push(format!(
            "{without_row} admissions of DIAGNOSES_ICD do not stand in ADMISSIONS"
        ));
    }
    cohort.retain(|_, row| !(options.exclude_newborn && row.newborn));
    counts.not_newborn = cohort.len() as u64;
    cohort.retain(|_, row| !(options.exclude_died && row.died));
    counts.survived = cohort.len() as u64;
    cohort.retain(|_, row| !options.require_chartevents || row.has_chartevents);
    counts.has_chartevents = cohort.len() as u64;
    if options.single_note
        && let Some(single) = notes::single_summaries(source, &cohort)?
    {
        cohort.retain(|hadm_id, _| single.contains(hadm_id));
        counts.single_note = Some(cohort.len() as u64);
    }
    if let Some(size) = options.sample {
        let ids = sample(cohort.keys().copied().collect(), size, options.seed);
        cohort.retain(|hadm_id, _| ids.contains(hadm_id));
        counts.sampled = Some(cohort.len() as u64);
    }
    counts.hadm_ids = cohort.keys().copied().collect();
    Ok((cohort, counts))
}

/// Admissions within the limit of diagnosis rows, of subjects within the same limit.
fn few_diagnoses(
    source: &mut Source<'_>,
    max_diagnoses: u32,
    counts: &mut CohortCounts,
) -> Result<BTreeSet<u64>, ImportError> {
    let mut table = source.required("DIAGNOSES_ICD")?;
    let subject = table.column("SUBJECT_ID")?;
    let hadm = table.column("HADM_ID")?;
    let mut rows: BTreeMap<u64, BTreeMap<u64, u64>> = BTreeMap::new();
    while source.advance(&mut table)? {
        let of_subject = rows.entry(table.required_id(subject)?).or_default();
        *of_subject.entry(table.required_id(hadm)?).or_default() += 1;
    }
    source.close(table);
    let limit = u64::from(max_diagnoses);
    let mut wanted = BTreeSet::new();
    for admissions in rows.values() {
        let of_subject: u64 = admissions.values().sum();
        if of_subject > limit {
            continue;
        }
        counts.diagnosis_rows_after_subject_filter += of_subject;
        for (hadm_id, of_admission) in admissions {
            if *of_admission <= limit {
                counts.diagnosis_rows_after_admission_filter += of_admission;
                wanted.insert(*hadm_id);
            }
        }
    }
    Ok(wanted)
}

/// Draws `size` of the numbers without replacement.
///
/// # Determinism
/// Depends on the seed and on the numbers in rising order.
fn sample(mut ids: Vec<u64>, size: usize, seed: u64) -> BTreeSet<u64> {
    let mut stream = StreamKey::episode(RunSeed(seed), EpisodeIx(0), Purpose::Split).open();
    let size = size.min(ids.len());
    for i in 0..size {
        let j = stream.random_range(i..ids.len());
        ids.swap(i, j);
    }
    ids.truncate(size);
    ids.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_has_its_size_and_depends_on_the_seed_alone() {
        let ids: Vec<u64> = (0..100).collect();
        let drawn = sample(ids.clone(), 10, 42);
        assert_eq!(drawn.len(), 10);
        assert_eq!(drawn, sample(ids.clone(), 10, 42));
        assert_ne!(drawn, sample(ids.clone(), 10, 43));
        assert_eq!(sample(ids, 500, 42).len(), 100);
    }
}
