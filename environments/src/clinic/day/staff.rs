//! Who of the staff covers what.

use rand::RngExt;

use super::config::DayConfig;
use crate::clinic::knowledge::{ConditionIx, Knowledge};
use crate::ids::{AgentId, EpisodeIx, RoundIx};
use crate::streams::{Purpose, RunSeed, StreamKey};

/// The specialists with the conditions that each covers.
///
/// Specialities are dealt out in turn, so that each is somebody's own; where there are more
/// specialists than specialities, several share one.
///
/// # Determinism
/// Each specialist has one uniform number a condition, from a stream of the run's seed; a condition
/// of another's speciality is covered where the number is below the overlap. Scopes therefore are the same
/// in every episode and arm, and grow with the overlap.
#[derive(Debug, Clone, PartialEq)]
pub struct Staff {
    names: Vec<String>,
    covers: Vec<Vec<bool>>,
}

impl Staff {
    /// The staff of `config` for `knowledge`.
    pub fn draw(config: &DayConfig, knowledge: &Knowledge, seed: RunSeed) -> Self {
        let staff = config.staff as usize;
        let specialities = knowledge.specialities();
        let count = specialities.len().max(1);
        let owns = |i: usize, s: usize| match staff < count {
            true => s % staff == i,
            false => i % count == s,
        };
        let name = |i: usize| {
            let own = specialities.iter().enumerate();
            let own: Vec<&str> = own
                .filter(|(s, _)| owns(i, *s))
                .map(|(_, name)| name.as_str())
                .collect();
            match (own.is_empty(), i / count) {
                (true, _) => format!("specialist {i}"),
                (false, 0) => own.join(" + "),
                (false, copy) => format!("{} {}", own.join(" + "), copy + 1),
            }
        };
        let covers = (0..staff).map(|i| {
            let mut stream = StreamKey {
                seed,
                episode: EpisodeIx(0),
                agent: Some(AgentId(i as u32)),
                round: RoundIx(0),
                purpose: Purpose::Staff,
            }
            .open();
            let conditions = knowledge.conditions().iter();
            conditions
                .map(|condition| {
                    let u: f64 = stream.random();
                    owns(i, condition.speciality.index()) || u < config.overlap
                })
                .collect()
        });
        Self {
            covers: covers.collect(),
            names: (0..staff).map(name).collect(),
        }
    }

    /// Names, each of another specialist.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Conditions that a specialist covers, in the order of the knowledge base.
    pub fn covered(&self, specialist: usize) -> impl Iterator<Item = ConditionIx> + '_ {
        let covers = self.covers.get(specialist).into_iter().flatten();
        covers
            .enumerate()
            .filter(|(_, covers)| **covers)
            .map(|(d, _)| ConditionIx(d as u32))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn staff(count: u32, overlap: f64) -> Staff {
        let config = DayConfig {
            staff: count,
            overlap,
            ..DayConfig::default()
        };
        Staff::draw(&config, &Knowledge::builtin(), RunSeed(7))
    }

    fn sizes(staff: &Staff) -> Vec<usize> {
        (0..staff.names().len())
            .map(|i| staff.covered(i).count())
            .collect()
    }

    #[test]
    fn scopes_without_overlap_part_the_conditions_and_full_overlap_covers_all() {
        let all = Knowledge::builtin().conditions().len();
        for count in [1, 3, 8, 10] {
            assert_eq!(sizes(&staff(count, 0.0)).iter().sum::<usize>(), all);
            assert!(sizes(&staff(count, 1.0)).iter().all(|&n| n == all));
        }
        let many = staff(12, 0.0);
        assert_eq!(sizes(&many)[0], sizes(&many)[10], "two of one speciality");
        let names: std::collections::BTreeSet<_> = many.names().iter().collect();
        assert_eq!(names.len(), 12);
    }

    #[test]
    fn scopes_grow_with_the_overlap() {
        let (little, much) = (staff(8, 0.2), staff(8, 0.5));
        for i in 0..8 {
            let more: Vec<_> = much.covered(i).collect();
            assert!(little.covered(i).all(|d| more.contains(&d)));
            assert!(little.covered(i).count() < more.len());
        }
    }
}
