//! What a report shows of episodes in control environments.

use crate::run::Episode;

/// Episodes whose course is drawn.
const DRAWN: usize = 12;
/// Points of a course.
const POINTS: usize = 120;

/// Returns, targets and some courses of one arm.
#[derive(Debug, Clone, Default)]
pub struct GatheredReturns {
    /// Training, target and normalised score or return of every episode.
    pub(super) ends: Vec<End>,
    /// Sums of rewards over the steps of some episodes.
    pub(super) courses: Vec<Vec<(f64, f64)>>,
}

/// How an episode ended.
#[derive(Debug, Clone, Copy)]
pub(super) struct End {
    pub(super) training: u32,
    pub(super) target: Option<f64>,
    pub(super) total: f64,
    pub(super) reference: Option<[f64; 2]>,
}

impl GatheredReturns {
    /// Adds an episode.
    pub fn add(&mut self, episode: &Episode) {
        let (mut course, mut sum) = (vec![(0.0, 0.0)], 0.0);
        let mut end = None;
        let (mut training, mut target, mut reference) = (0, None, None);
        for event in &episode.events {
            match event.kind.as_str() {
                "began" => {
                    training = event.number("training").unwrap_or(0.0) as u32;
                    target = event.number("target");
                    let bounds = event
                        .fields
                        .get("reference")
                        .and_then(|value| value.as_array());
                    reference = bounds.and_then(|bounds| match bounds.as_slice() {
                        [min, max] => Some([min.as_f64()?, max.as_f64()?]),
                        _ => None,
                    });
                }
                "acted" => {
                    sum += event.number("reward").unwrap_or(0.0);
                    course.push((f64::from(event.round), sum));
                }
                "finished" => {
                    end = Some(End {
                        training,
                        target,
                        total: sum,
                        reference,
                    });
                }
                _ => {}
            }
        }
        let Some(end) = end else { return };
        self.ends.push(end);
        if self.courses.len() < DRAWN {
            let every = course.len().div_ceil(POINTS).max(1);
            let last = course.len() - 1;
            let kept = course.into_iter().enumerate();
            let kept = kept.filter(|(at, _)| at.is_multiple_of(every) || *at == last);
            self.courses.push(kept.map(|(_, point)| point).collect());
        }
    }

    /// Adds what was gathered of the same arm with another seed.
    pub fn merge(&mut self, other: Self) {
        self.ends.extend(other.ends);
        let room = DRAWN.saturating_sub(self.courses.len());
        self.courses.extend(other.courses.into_iter().take(room));
    }
}
