//! The maze: from cell to cell on a shortest way.

use std::collections::VecDeque;

use rounds_environments::control::Space;
use rounds_environments::control::maze::{Cell, Maze};
use rounds_environments::streams::StreamKey;
use serde::{Deserialize, Serialize};

use crate::trajectory::controller::{Controller, each};
use crate::trajectory::error::{CollectError, check, check_gains, check_sizes, check_within};

/// Most cells of a maze, walls included: ways between all pairs are kept.
const MOST_CELLS: usize = 2500;

/// How the point is steered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MazeExpertConfig {
    /// Weight of the way to the waypoint.
    pub gain: f64,
    /// Weight of the velocity.
    pub damping: f64,
    /// The point leaves a cell once it is so near to the line between that cell's middle and the next one's, as
    /// a part of a cell; above 0, at most 0.5.
    pub lane: f64,
}

impl Default for MazeExpertConfig {
    fn default() -> Self {
        Self {
            gain: 10.0,
            damping: -1.0,
            lane: 0.25,
        }
    }
}

impl MazeExpertConfig {
    /// Checks the values.
    ///
    /// # Errors
    /// [`CollectError::Setting`] naming the value.
    pub fn validate(&self) -> Result<(), CollectError> {
        check_within("lane", self.lane, 1e-6, 0.5)?;
        check_gains(&[("gain", self.gain), ("damping", self.damping)])
    }
}

/// Goes to its goal cell by cell, pushing with `clip(gain (waypoint - p) + damping v)`.
///
/// Ways are shortest ones by breadth-first search. The waypoint is the goal in the goal's cell; elsewhere the middle
/// of the next cell, but that of the cell it is in while a wall's corner may be in between. It remembers
/// nothing, so it finds its way wherever it is put.
///
/// # Source
/// Trajectory card, section 8; the rule for corners is our own.
#[derive(Debug, Clone, PartialEq)]
pub struct MazeExpert {
    config: MazeExpertConfig,
    maze: Maze,
    /// For each goal's cell, the number of the cell that follows each; `None` where there is no way, and at the
    /// goal. Empty for walls.
    next: Vec<Vec<Option<u16>>>,
}

impl MazeExpert {
    /// An expert of this maze.
    ///
    /// # Errors
    /// [`CollectError::Setting`] naming a value that cannot be, or for a maze of too many cells.
    pub fn new(config: MazeExpertConfig, maze: Maze) -> Result<Self, CollectError> {
        config.validate()?;
        let (rows, columns) = maze.size();
        let cells = rows * columns;
        let expected = format!("at most {MOST_CELLS} cells");
        check("map", cells <= MOST_CELLS, expected, cells)?;
        let goals = (0..cells).map(|goal| ways(&maze, (goal / columns, goal % columns)));
        let next = goals.collect();
        Ok(Self { config, maze, next })
    }

    /// The place to go to from `place`.
    fn waypoint(&self, place: [f64; 2], goal: [f64; 2]) -> [f64; 2] {
        let columns = self.maze.size().1;
        let number = |(i, j): Cell| i * columns + j;
        let (here, there) = (self.maze.cell_at(place), self.maze.cell_at(goal));
        if here == there {
            return goal;
        }
        let middle = self.maze.centre(here);
        let next = self.next[number(there)].get(number(here)).copied();
        let Some(next) = next.flatten().map(usize::from) else {
            return middle;
        };
        let next = (next / columns, next % columns);
        // Cells in a row share y, those in a column x.
        let across = if next.0 == here.0 { 1 } else { 0 };
        let off = (place[across] - middle[across]).abs();
        match off <= self.config.lane * self.maze.cell_size() {
            true => self.maze.centre(next),
            false => middle,
        }
    }
}

/// The number of the cell that follows each on a shortest way to `goal`.
fn ways(maze: &Maze, goal: Cell) -> Vec<Option<u16>> {
    if maze.is_wall(goal) {
        return Vec::new();
    }
    let (rows, columns) = maze.size();
    let mut next = vec![None; rows * columns];
    let mut reached = VecDeque::from([goal]);
    while let Some((i, j)) = reached.pop_front() {
        // The border is all wall, so no free cell is in the first row or column.
        for (k, l) in [(i - 1, j), (i, j - 1), (i, j + 1), (i + 1, j)] {
            let at = k * columns + l;
            if !maze.is_wall((k, l)) && (k, l) != goal && next[at].is_none() {
                // At most MOST_CELLS, so this loses nothing.
                next[at] = Some((i * columns + j) as u16);
                reached.push_back((k, l));
            }
        }
    }
    next
}

impl Controller for MazeExpert {
    fn fits(&self, space: &Space) -> Result<(), CollectError> {
        check_sizes("the expert of point-maze", space, 6, 2)
    }

    fn act(&self, observations: &[f32], _: &[StreamKey], actions: &mut [f64]) {
        let config = &self.config;
        each(observations, actions, |[x, y, vx, vy, goal_x, goal_y]| {
            let [to_x, to_y] = self.waypoint([x, y], [goal_x, goal_y]);
            [(to_x - x, vx), (to_y - y, vy)]
                .map(|(way, v)| (config.gain * way + config.damping * v).clamp(-1.0, 1.0))
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn maze(rows: &[&str]) -> Maze {
        let rows: Vec<String> = rows.iter().map(|row| (*row).to_owned()).collect();
        Maze::read(&rows, 1.0).unwrap()
    }

    #[test]
    fn ways_are_shortest() {
        let maze = maze(&["1111111", "1000001", "1011101", "1000001", "1111111"]);
        let expert = MazeExpert::new(MazeExpertConfig::default(), maze).unwrap();
        let way = |from: Cell, to: Cell| {
            let (mut at, mut steps) = (from, 0);
            let ways = &expert.next[to.0 * 7 + to.1];
            while let Some(Some(next)) = ways.get(at.0 * 7 + at.1).copied() {
                let next = (usize::from(next) / 7, usize::from(next) % 7);
                assert!(!expert.maze.is_wall(next));
                assert_eq!(at.0.abs_diff(next.0) + at.1.abs_diff(next.1), 1);
                (at, steps) = (next, steps + 1);
            }
            (at == to).then_some(steps)
        };
        assert_eq!(way((1, 1), (3, 1)), Some(2));
        assert_eq!(way((1, 2), (3, 4)), Some(6));
        assert_eq!(way((2, 5), (2, 1)), Some(6));
        assert_eq!(way((2, 5), (2, 5)), Some(0));
        assert_eq!(way((1, 1), (2, 3)), None);
    }

    #[test]
    fn corners_are_turned_in_the_middle_of_a_cell() {
        let maze = maze(&["11111", "10001", "11101", "10001", "11111"]);
        let expert = MazeExpert::new(MazeExpertConfig::default(), maze).unwrap();
        let goal = [-1.2, -1.1];
        // In the cell above the corner, but still left of where the way down begins.
        assert_eq!(expert.waypoint([0.6, 1.0], goal), [1.0, 1.0]);
        assert_eq!(expert.waypoint([0.8, 1.2], goal), [1.0, 0.0]);
        assert_eq!(expert.waypoint([-0.8, -1.4], goal), goal);
    }

    #[test]
    fn what_cannot_be_is_refused_by_name() {
        let config = MazeExpertConfig {
            lane: 0.7,
            ..MazeExpertConfig::default()
        };
        let small = || maze(&["1111", "1001", "1111"]);
        let error = MazeExpert::new(config, small()).unwrap_err().to_string();
        assert_eq!(error, "lane: expected 0.000001 to 0.5, got 0.7");
        let wide = ["1".repeat(100), format!("1{}1", "0".repeat(98))];
        let mut rows: Vec<&str> = vec![&wide[0]];
        rows.extend(vec![&wide[1][..]; 60]);
        rows.push(&wide[0]);
        let error = MazeExpert::new(MazeExpertConfig::default(), maze(&rows)).unwrap_err();
        let expected = "map: expected at most 2500 cells, got 6200";
        assert_eq!(error.to_string(), expected);
    }
}
