//! [`Scope::best_question`] by gain for who asks often: the same answer in a fraction of the time.
//!
//! Gains of all findings are bounded from above first, class by class over contiguous rows, and only
//! by the classes that carry mass; the exact gain is computed for the few findings whose bound
//! reaches the best.

use rounds_environments::clinic::knowledge::FindingIx;

use super::{ENTROPY_TANGENTS, ROUNDING, Scope, TANGENTS, gain_of};

/// Classes of less mass are left out of the bounds.
const NO_MASS: f64 = 1e-6;

/// The tables of a scope by class.
///
/// # Shapes
/// `theta`, `entropy`: `[classes][findings]`.
#[derive(Debug, Clone, PartialEq)]
pub struct QuestionSearch {
    findings: usize,
    theta: Vec<f64>,
    entropy: Vec<f64>,
}

/// Buffers of a search, used again and again.
///
/// # Shapes
/// Both `[findings]`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SearchBuffers {
    p: Vec<f64>,
    bound: Vec<f64>,
}

impl QuestionSearch {
    /// A search in `scope`.
    pub fn new(scope: &Scope) -> Self {
        let findings = scope.finding_count();
        let classes = scope.classes().len();
        let by_class = |table: &[f64]| {
            (0..classes)
                .flat_map(|k| (0..findings).map(move |e| table[e * classes + k]))
                .collect()
        };
        Self {
            findings,
            theta: by_class(&scope.theta),
            entropy: by_class(&scope.entropy),
        }
    }

    /// What [`Scope::best_question`] of the scope that the search was made of gives for
    /// [`super::Objective::Gain`]: greatest gain, lowest index.
    ///
    /// # Shapes
    /// `posterior`: `[classes]`; `closed`: findings that must not be asked; those beyond its end
    /// are open.
    pub fn best(
        &self,
        scope: &Scope,
        posterior: &[f64],
        closed: &[bool],
        buffers: &mut SearchBuffers,
    ) -> Option<(FindingIx, f64)> {
        let SearchBuffers { p, bound } = buffers;
        p.clear();
        p.resize(self.findings, 0.0);
        bound.clear();
        bound.resize(self.findings, 0.0);
        let mut left_out = 0.0;
        let rows = self.theta.chunks_exact(self.findings);
        let rows = rows.zip(self.entropy.chunks_exact(self.findings));
        for (&mass, (theta, entropy)) in posterior.iter().zip(rows) {
            if mass < NO_MASS {
                left_out += mass;
                continue;
            }
            for (p, theta) in p.iter_mut().zip(theta) {
                *p += mass * theta;
            }
            for (bound, entropy) in bound.iter_mut().zip(entropy) {
                *bound -= mass * entropy;
            }
        }
        // A tangent lies above the entropy everywhere, so it holds for what was left out too.
        let mut likely: Option<(usize, f64)> = None;
        for (e, (bound, &p)) in bound.iter_mut().zip(p.iter()).enumerate() {
            if closed.get(e).copied().unwrap_or(false) {
                *bound = f64::NEG_INFINITY;
                continue;
            }
            let part = ((p * TANGENTS as f64) as usize).min(TANGENTS - 1);
            let [slope, start] = ENTROPY_TANGENTS[part];
            *bound += start + slope * p + slope.max(0.0) * left_out + 2.0 * ROUNDING;
            if likely.is_none_or(|(_, most)| *bound > most) {
                likely = Some((e, *bound));
            }
        }
        let exact = |e: usize| {
            let e = FindingIx(e as u32);
            let theta = scope.row(&scope.theta, e)?;
            Some(gain_of(posterior, theta, scope.row(&scope.entropy, e)?))
        };
        let (at, _) = likely?;
        let mut best = (at, exact(at)?);
        for (e, &bound) in bound.iter().enumerate() {
            if bound < best.1 || e == at {
                continue;
            }
            let gain = exact(e)?;
            if gain > best.1 || (gain == best.1 && e < best.0) {
                best = (e, gain);
            }
        }
        Some((FindingIx(best.0 as u32), best.1))
    }
}

#[cfg(test)]
mod tests {
    use rand::RngExt;
    use rounds_environments::clinic::knowledge::{Knowledge, SpecialityIx};
    use rounds_environments::ids::EpisodeIx;
    use rounds_environments::streams::{Purpose, RunSeed, StreamKey};

    use super::*;
    use crate::clinic::belief::Objective;

    #[test]
    fn it_finds_what_the_plain_way_finds() {
        let knowledge = Knowledge::builtin();
        let findings = knowledge.findings().len();
        let mut scopes = vec![Scope::generalist(&knowledge, None).unwrap()];
        for s in [0, 4, 7] {
            scopes.push(Scope::specialist(&knowledge, SpecialityIx(s), None).unwrap());
        }
        // Findings that say nothing tie at a gain of 0, and equal ones at the same gain.
        let flat = vec![vec![0.5, 0.2, 0.2, 0.5], vec![0.5, 0.9, 0.9, 0.5]];
        scopes.push(Scope::from_table(&[0.5, 0.5], &flat, &[1.0; 4]).unwrap());
        let key = StreamKey::episode(RunSeed(1), EpisodeIx(0), Purpose::Custom);
        let mut stream = key.open();
        let mut buffers = SearchBuffers::default();
        for scope in &scopes {
            let search = QuestionSearch::new(scope);
            let count = scope.finding_count().min(findings);
            for case in 0..200 {
                let mut draw = |share: f64| stream.random::<f64>() < share;
                let known: Vec<_> = (0..count as u32)
                    .filter(|_| draw(f64::from(case % 5) / 50.0))
                    .map(|e| (FindingIx(e), Some(e % 3 == 0)))
                    .collect();
                let closed: Vec<bool> = (0..count).map(|_| draw(0.2)).collect();
                let posterior = scope.posterior(known);
                let plain = scope.best_question(&posterior, &closed, Objective::Gain);
                let fast = search.best(scope, &posterior, &closed, &mut buffers);
                assert_eq!(fast, plain);
            }
            let all = vec![true; count];
            let posterior = scope.posterior([]);
            assert_eq!(search.best(scope, &posterior, &all, &mut buffers), None);
        }
    }
}
