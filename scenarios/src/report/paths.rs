//! Agents and targets in the plane over time.

use super::canvas::{Anchor, Ink, draw};
use super::data::ReportError;

/// Positions at some rounds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Paths {
    /// Positions of every agent, `[rounds][agents]`.
    pub agents: Vec<Vec<[f64; 2]>>,
    /// Positions of every target, `[rounds][targets]`.
    pub targets: Vec<Vec<[f64; 2]>>,
}

const SIZE: f64 = 520.0;

/// Draws the paths of all; a disc where each ends. `None` when there is nothing to draw.
///
/// # Errors
/// [`ReportError::Plot`] when the plot cannot be drawn.
pub fn paths(of: &Paths) -> Result<Option<String>, ReportError> {
    let every = of.agents.iter().chain(&of.targets).flatten();
    let mut low = [f64::INFINITY; 2];
    let mut high = [f64::NEG_INFINITY; 2];
    for point in every.filter(|point| point.iter().all(|x| x.is_finite())) {
        for axis in 0..2 {
            low[axis] = low[axis].min(point[axis]);
            high[axis] = high[axis].max(point[axis]);
        }
    }
    if !(low[0] <= high[0] && low[1] <= high[1]) {
        return Ok(None);
    }
    let extent = (high[0] - low[0]).max(high[1] - low[1]).max(1e-9);
    let middle = [(low[0] + high[0]) / 2.0, (low[1] + high[1]) / 2.0];
    let scale = (SIZE - 40.0) / extent;
    let at = |point: &[f64; 2]| {
        (
            SIZE / 2.0 + (point[0] - middle[0]) * scale,
            SIZE / 2.0 - (point[1] - middle[1]) * scale,
        )
    };
    draw("paths", (SIZE as u32, SIZE as u32 + 24), |pen| {
        for (moves, ink, width, radius) in [
            (&of.targets, Ink::Series(1), 1, 3),
            (&of.agents, Ink::Series(0), 2, 5),
        ] {
            let count = moves.first().map_or(0, Vec::len);
            for who in 0..count {
                let path = moves.iter().filter_map(|all| all.get(who)).map(at);
                let path: Vec<(f64, f64)> = path.collect();
                pen.line(&path, ink, width)?;
                if let Some(&end) = path.last() {
                    pen.dot(end, radius, ink)?;
                }
            }
        }
        let y = SIZE + 12.0;
        for (x, word, ink) in [
            (20.0, "agents", Ink::Series(0)),
            (110.0, "targets", Ink::Series(1)),
        ] {
            pen.dot((x, y), 5, ink)?;
            pen.text(word, (x + 12.0, y), Ink::Text, Anchor::Start)?;
        }
        Ok(())
    })
    .map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_agent_and_target_has_a_path() {
        let of = Paths {
            agents: vec![vec![[0.0, 0.0], [1.0, 1.0]], vec![[0.5, 0.0], [1.0, 2.0]]],
            targets: vec![vec![[3.0, 3.0]], vec![[3.0, 4.0]]],
        };
        let svg = paths(&of).unwrap().unwrap();
        assert_eq!(svg.matches("<polyline").count(), 3);
        assert_eq!(svg.matches("<circle").count(), 5);
        assert!(paths(&Paths::default()).unwrap().is_none());
    }
}
