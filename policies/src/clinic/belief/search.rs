//! [`Scope::best_question`] by gain for who asks often: the same answer in a fraction of the time.
//!
//! Findings that tell the classes apart too little to be worth asking at any belief are left out once
//! and for all. Gains of the others are bounded from above first, in single precision and only by the
//! classes that carry mass; the exact gain is computed for the few findings whose bound reaches the
//! best. Most findings are as frequent in one condition as in the next, so a class is kept as what it
//! has otherwise than most.

use std::sync::LazyLock;

use rounds_environments::clinic::knowledge::FindingIx;

use super::{ENTROPY_TANGENTS, Scope, binary_entropy, gain_of, part_of};

/// Classes of less mass are left out of the bounds.
const NO_MASS: f64 = 1e-6;
/// Room in bits for what single precision loses, for each class: sums of `n` terms whose sizes come to
/// at most 2 are off by less than `2 (n + 2) 2^-24`, and a tangent's slope is below 9. Far above that, as
/// `entropy_bound` has room too.
const LOST: f32 = 32.0 / (1 << 24) as f32;
/// Room in bits for the rounding of exact gains.
const ROUNDING: f64 = 1e-9;
/// Most classes of a search; the room would grow beyond use.
const MOST_CLASSES: usize = 1 << 12;
/// Classes that are added in one pass over the findings.
const AT_ONCE: usize = 8;
/// A class that differs from most in a larger part of the findings than this is kept as a whole row:
/// rows are added several findings at once.
const DENSE: f64 = 0.125;

/// Where a few tangents touch the entropy: their least is above it everywhere and close, and needs
/// no table.
const TOUCH: [f64; 8] = [0.004, 0.02, 0.06, 0.15, 0.35, 0.65, 0.85, 0.96];

/// Slope and value at 0 of the tangents at [`TOUCH`].
static FEW_TANGENTS: LazyLock<[[f32; 2]; TOUCH.len()]> = LazyLock::new(|| {
    TOUCH.map(|p| {
        let slope = libm::log2((1.0 - p) / p);
        [slope as f32, (binary_entropy(p) - slope * p) as f32]
    })
});

/// The tables of a scope by class, of the findings that can be worth asking.
///
/// # Shapes
/// `worth`: `[worth]` findings in ascending order; `usual`: `[worth]` what most classes have;
/// `classes`: `[classes]`.
#[derive(Debug, Clone, PartialEq)]
pub struct QuestionSearch {
    least: f64,
    worth: Vec<u32>,
    usual: Columns,
    classes: Vec<Differences>,
}

/// A number of each finding for `theta`, and one for the entropy of `theta`.
#[derive(Debug, Clone, Default, PartialEq)]
struct Columns {
    theta: Vec<f32>,
    entropy: Vec<f32>,
}

/// What a class has more than is usual.
#[derive(Debug, Clone, PartialEq)]
enum Differences {
    /// Of every finding.
    Dense(Columns),
    /// Of some findings: column, theta and entropy.
    Sparse(Vec<(u32, f32, f32)>),
}

/// Buffers of a search, used again and again.
///
/// # Shapes
/// `p`, `within`, `bound`: `[worth]`; `dense`: the classes with whole rows that carry mass.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SearchBuffers {
    p: Vec<f32>,
    within: Vec<f32>,
    bound: Vec<f32>,
    dense: Vec<(usize, f32)>,
}

impl QuestionSearch {
    /// A search in `scope` for questions that gain at least `least` bits.
    pub fn new(scope: &Scope, least: f64) -> Self {
        let findings = scope.finding_count();
        let classes = scope.classes().len();
        let row = |table: &'_ [f64], e: usize| table[e * classes..(e + 1) * classes].to_vec();
        let worth: Vec<u32> = (0..findings as u32)
            .filter(|&e| most_gain(&row(&scope.theta, e as usize)) >= least)
            .collect();
        let usual: Vec<f64> = worth
            .iter()
            .map(|&e| commonest(&row(&scope.theta, e as usize)))
            .collect();
        let differences = |k: usize| {
            let of = worth.iter().zip(&usual).enumerate();
            let of = of.filter_map(|(column, (&e, &usual))| {
                let at = e as usize * classes + k;
                let (theta, entropy) = (scope.theta[at], scope.entropy[at]);
                (theta != usual).then(|| {
                    let more = entropy - binary_entropy(usual);
                    (column as u32, (theta - usual) as f32, more as f32)
                })
            });
            let sparse: Vec<(u32, f32, f32)> = of.collect();
            if sparse.len() as f64 <= DENSE * worth.len() as f64 {
                return Differences::Sparse(sparse);
            }
            let mut dense = Columns {
                theta: vec![0.0; worth.len()],
                entropy: vec![0.0; worth.len()],
            };
            for (column, theta, entropy) in sparse {
                dense.theta[column as usize] = theta;
                dense.entropy[column as usize] = entropy;
            }
            Differences::Dense(dense)
        };
        Self {
            least,
            classes: (0..classes).map(differences).collect(),
            usual: Columns {
                theta: usual.iter().map(|&p| p as f32).collect(),
                entropy: usual.iter().map(|&p| binary_entropy(p) as f32).collect(),
            },
            worth,
        }
    }

    /// What [`Scope::best_question`] of the scope that the search was made of gives for
    /// [`super::Objective::Gain`]: greatest gain, lowest index; `None` when no gain is at least what
    /// the search was made for.
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
        let least = self.least;
        if posterior.len() > MOST_CLASSES {
            let best = scope.best_question(posterior, closed, super::Objective::Gain);
            return best.filter(|(_, gain)| *gain >= least);
        }
        let left_out = self.sum_up(posterior, buffers);
        let lost = (posterior.len() + 2 * AT_ONCE) as f32 * LOST;
        let SearchBuffers {
            p, within, bound, ..
        } = buffers;
        let tangents = *FEW_TANGENTS;
        for ((bound, &p), within) in bound.iter_mut().zip(p.iter()).zip(within.iter()) {
            let mut entropy = f32::INFINITY;
            for [slope, start] in tangents {
                // A tangent lies above the entropy everywhere, so with what was left out too.
                let line = start + slope * p + slope.max(0.0) * left_out;
                entropy = if line < entropy { line } else { entropy };
            }
            *bound = entropy - within + lost;
        }
        let is_closed = |at: usize| {
            let e = self.worth[at] as usize;
            closed.get(e).is_some_and(|closed| *closed)
        };
        let mut likely: Option<usize> = None;
        let mut most = f32::NEG_INFINITY;
        for (at, &bound) in bound.iter().enumerate() {
            if bound > most && !is_closed(at) {
                most = bound;
                likely = Some(at);
            }
        }
        let exact = |at: usize| {
            let e = FindingIx(self.worth[at]);
            let theta = scope.row(&scope.theta, e)?;
            Some(gain_of(posterior, theta, scope.row(&scope.entropy, e)?))
        };
        let first = likely?;
        if f64::from(most) < least {
            return None;
        }
        let mut best = (first, exact(first)?);
        let mut enough = best.1.max(least);
        for (at, &bound) in bound.iter().enumerate() {
            if f64::from(bound) < enough || at == first || is_closed(at) {
                continue;
            }
            let [slope, start] = ENTROPY_TANGENTS[part_of(f64::from(p[at]))];
            let more = f64::from(left_out) * slope.max(0.0) + f64::from(lost);
            let entropy = start + slope * f64::from(p[at]) + more;
            if entropy - f64::from(within[at]) < enough {
                continue;
            }
            let gain = exact(at)?;
            if gain > best.1 || (gain == best.1 && at < best.0) {
                best = (at, gain);
                enough = gain.max(least);
            }
        }
        (best.1 >= least).then(|| (FindingIx(self.worth[best.0]), best.1))
    }

    /// `p` and what entropy is left within the classes, both of the classes that carry mass; gives
    /// the mass of the others.
    fn sum_up(&self, posterior: &[f64], buffers: &mut SearchBuffers) -> f32 {
        let SearchBuffers {
            p,
            within,
            bound,
            dense,
        } = buffers;
        bound.resize(self.worth.len(), 0.0);
        dense.clear();
        let (mut left_out, mut carried) = (0.0, 0.0);
        for &mass in posterior {
            match mass < NO_MASS {
                true => left_out += mass as f32,
                false => carried += mass as f32,
            }
        }
        for (sums, usual) in [
            (&mut *p, &self.usual.theta),
            (&mut *within, &self.usual.entropy),
        ] {
            sums.clear();
            sums.extend(usual.iter().map(|usual| carried * usual));
        }
        for (k, (class, &mass)) in self.classes.iter().zip(posterior).enumerate() {
            match class {
                _ if mass < NO_MASS => {}
                Differences::Dense(_) => dense.push((k, mass as f32)),
                Differences::Sparse(differences) => {
                    let mass = mass as f32;
                    for &(column, theta, entropy) in differences {
                        p[column as usize] += mass * theta;
                        within[column as usize] += mass * entropy;
                    }
                }
            }
        }
        let columns = |k: usize| match &self.classes[k] {
            Differences::Dense(columns) => (&columns.theta[..], &columns.entropy[..]),
            Differences::Sparse(_) => (&[][..], &[][..]),
        };
        let (chunks, rest) = dense.as_chunks::<AT_ONCE>();
        for few in chunks {
            let mass = few.map(|(_, mass)| mass);
            add(p, few.map(|(k, _)| columns(k).0), mass);
            add(within, few.map(|(k, _)| columns(k).1), mass);
        }
        for &(k, mass) in rest {
            let (theta, entropy) = columns(k);
            for (sums, row) in [(&mut *p, theta), (&mut *within, entropy)] {
                for (sum, more) in sums.iter_mut().zip(row) {
                    *sum += mass * more;
                }
            }
        }
        left_out
    }
}

/// The value that most of a row has, the smallest of equally common ones.
fn commonest(row: &[f64]) -> f64 {
    let mut sorted = row.to_vec();
    sorted.sort_by(f64::total_cmp);
    let same = sorted.chunk_by(|a, b| a == b);
    let mut most: &[f64] = &[];
    for same in same {
        if same.len() > most.len() {
            most = same;
        }
    }
    most.first().copied().unwrap_or(0.0)
}

/// Above the gain of a finding at any belief: the capacity of the channel from its rarest class to
/// its commonest, `H(p) - (chord of H from the least theta to the most)(p)` at its largest, where the
/// slopes are equal.
fn most_gain(theta: &[f64]) -> f64 {
    let of = |pick: fn(f64, f64) -> f64, from| theta.iter().copied().fold(from, pick);
    let (low, high) = (of(f64::min, 1.0), of(f64::max, 0.0));
    // Nearer than this the chord's slope is rounding.
    const APART: f64 = 1e-6;
    if high - low < APART {
        // H is steep at its ends alone, where it comes to no more than this.
        return binary_entropy(APART);
    }
    let slope = (binary_entropy(high) - binary_entropy(low)) / (high - low);
    let p = (1.0 / (1.0 + libm::exp2(slope))).clamp(low, high);
    let chord = binary_entropy(low) + slope * (p - low);
    binary_entropy(p) - chord + ROUNDING
}

/// Adds some rows at once, so that the sums are loaded and stored once.
fn add(sums: &mut [f32], rows: [&[f32]; AT_ONCE], mass: [f32; AT_ONCE]) {
    let [a, b, c, d, e, f, g, h] = rows;
    let first = a.iter().zip(b).zip(c.iter().zip(d));
    let last = e.iter().zip(f).zip(g.iter().zip(h));
    for (sum, (first, last)) in sums.iter_mut().zip(first.zip(last)) {
        let ((a, b), (c, d)) = first;
        let ((e, f), (g, h)) = last;
        let first = (mass[0] * a + mass[1] * b) + (mass[2] * c + mass[3] * d);
        let last = (mass[4] * e + mass[5] * f) + (mass[6] * g + mass[7] * h);
        *sum += first + last;
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
            let searches = [0.0, 1e-3, 0.1].map(|least| QuestionSearch::new(scope, least));
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
                for search in &searches {
                    let fast = search.best(scope, &posterior, &closed, &mut buffers);
                    assert_eq!(fast, plain.filter(|(_, gain)| *gain >= search.least));
                }
            }
            let all = vec![true; count];
            let posterior = scope.posterior([]);
            for search in &searches {
                assert_eq!(search.best(scope, &posterior, &all, &mut buffers), None);
            }
        }
    }

    #[test]
    fn what_is_left_out_is_worth_asking_at_no_belief() {
        let knowledge = Knowledge::builtin();
        let scope = Scope::specialist(&knowledge, SpecialityIx(0), None).unwrap();
        let all = QuestionSearch::new(&scope, 0.0).worth.len();
        let some = QuestionSearch::new(&scope, 1e-3).worth;
        assert_eq!(all, knowledge.findings().len());
        assert!(some.len() < all * 4 / 5, "{} of {all}", some.len());
        let classes = scope.classes().len();
        let key = StreamKey::episode(RunSeed(2), EpisodeIx(0), Purpose::Custom);
        let mut stream = key.open();
        for _ in 0..300 {
            // Beliefs in two classes come nearest to the capacity.
            let mut posterior = vec![0.0; classes];
            let share: f64 = stream.random();
            posterior[stream.random_range(0..classes)] += share;
            posterior[stream.random_range(0..classes)] += 1.0 - share;
            for e in 0..all as u32 {
                let finding = FindingIx(e);
                let theta = scope.row(&scope.theta, finding).unwrap();
                let entropy = scope.row(&scope.entropy, finding).unwrap();
                let gain = gain_of(&posterior, theta, entropy);
                assert!(gain <= most_gain(theta), "{gain} of {theta:?}");
                assert!(gain < 1e-3 || some.contains(&e));
            }
        }
    }
}
