//! Cells of a maze.

use rand::RngExt;

use crate::control::settings::refused;
use crate::environment::EnvironmentError;
use crate::streams::Stream;

/// Row and column of a cell, from the top left.
pub type Cell = (usize, usize);

/// Walls and free cells of a maze, whose middle is the origin; rows go down, columns to the right.
#[derive(Debug, Clone, PartialEq)]
pub struct Maze {
    walls: Vec<Vec<bool>>,
    starts: Vec<Cell>,
    goals: Vec<Cell>,
    cell: f64,
}

impl Maze {
    /// Reads rows of letters: `1` is a wall, `0` is free, `r` is where the point starts, `g` where the goal
    /// is, `c` either. Where no cell is marked as a start, or none as a goal, any free cell is one.
    ///
    /// # Errors
    /// [`EnvironmentError::Setting`] when rows differ in length, a letter is another one, the border is not
    /// all wall, or there is no start and goal apart from each other.
    pub fn read(rows: &[String], cell: f64) -> Result<Self, EnvironmentError> {
        let refuse = |why: String| refused("map", why);
        let width = rows.first().map_or(0, String::len);
        let (mut walls, mut free, mut starts, mut goals) = (vec![], vec![], vec![], vec![]);
        for (i, row) in rows.iter().enumerate() {
            if row.len() != width {
                let got = row.len();
                return Err(refuse(format!(
                    "expected {width} cells in row {i}, got {got}"
                )));
            }
            for (j, letter) in row.chars().enumerate() {
                match letter {
                    '1' => continue,
                    '0' => {}
                    'r' => starts.push((i, j)),
                    'g' => goals.push((i, j)),
                    'c' => {
                        starts.push((i, j));
                        goals.push((i, j));
                    }
                    _ => return Err(refuse(format!("expected 0, 1, r, g or c, got {letter:?}"))),
                }
                if i == 0 || j == 0 || i + 1 == rows.len() || j + 1 == width {
                    return Err(refuse(format!("expected a wall at row {i}, column {j}")));
                }
                free.push((i, j));
            }
            walls.push(row.chars().map(|letter| letter == '1').collect());
        }
        for marked in [&mut starts, &mut goals] {
            if marked.is_empty() {
                marked.clone_from(&free);
            }
        }
        let apart = |goal: &Cell| starts.iter().any(|start| start != goal);
        if goals.is_empty() || !goals.iter().all(apart) {
            let why = "expected a cell to start in that is not the goal's".to_owned();
            return Err(refuse(why));
        }
        Ok(Self {
            walls,
            starts,
            goals,
            cell,
        })
    }

    /// Length of a cell's side.
    pub fn cell_size(&self) -> f64 {
        self.cell
    }

    /// Rows and columns.
    pub fn size(&self) -> Cell {
        (self.walls.len(), self.walls[0].len())
    }

    /// Whether a cell is a wall; all beyond the border is.
    pub fn is_wall(&self, (i, j): Cell) -> bool {
        let row = self.walls.get(i);
        row.and_then(|row| row.get(j)).copied().unwrap_or(true)
    }

    /// Middle of a cell.
    pub fn centre(&self, (i, j): Cell) -> [f64; 2] {
        let (rows, columns) = self.size();
        [
            (j as f64 + 0.5 - columns as f64 / 2.0) * self.cell,
            (rows as f64 / 2.0 - i as f64 - 0.5) * self.cell,
        ]
    }

    /// The cell at a place, the nearest one for places beyond the border.
    pub fn cell_at(&self, [x, y]: [f64; 2]) -> Cell {
        let (rows, columns) = self.size();
        // A cast brings what is below 0 to 0.
        let i = (rows as f64 / 2.0 - y / self.cell).floor() as usize;
        let j = (x / self.cell + columns as f64 / 2.0).floor() as usize;
        (i.min(rows - 1), j.min(columns - 1))
    }

    /// A place in a cell where a goal may be, another one than `but`, up to `noise` from its middle along
    /// each axis.
    pub(super) fn draw_goal(&self, but: Option<Cell>, noise: f64, stream: &mut Stream) -> [f64; 2] {
        self.draw(&self.goals, but, noise, stream)
    }

    /// The same for a start.
    pub(super) fn draw_start(&self, but: Cell, noise: f64, stream: &mut Stream) -> [f64; 2] {
        self.draw(&self.starts, Some(but), noise, stream)
    }

    fn draw(&self, cells: &[Cell], but: Option<Cell>, noise: f64, stream: &mut Stream) -> [f64; 2] {
        let allowed = || cells.iter().filter(|cell| Some(**cell) != but);
        let count = allowed().count();
        let drawn = stream.random_range(0..count.max(1));
        // Where the only goal is the cell that is left out, it is the goal again.
        let cell = allowed().nth(drawn).unwrap_or(&cells[0]);
        let [x, y] = self.centre(*cell);
        let mut apart = || stream.random_range(-noise..=noise);
        [x + apart(), y + apart()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn maze(rows: &[&str]) -> Result<Maze, EnvironmentError> {
        let rows: Vec<String> = rows.iter().map(|row| (*row).to_owned()).collect();
        Maze::read(&rows, 1.0)
    }

    #[test]
    fn cells_and_their_middles_agree() {
        let maze = maze(&["11111", "10001", "11101", "10001", "11111"]).unwrap();
        assert_eq!(maze.centre((1, 1)), [-1.0, 1.0]);
        assert_eq!(maze.centre((3, 3)), [1.0, -1.0]);
        for i in 0..5 {
            for j in 0..5 {
                assert_eq!(maze.cell_at(maze.centre((i, j))), (i, j));
            }
        }
        assert_eq!(maze.cell_at([-99.0, 99.0]), (0, 0));
        assert_eq!(maze.cell_at([99.0, -99.0]), (4, 4));
        assert!(maze.is_wall((2, 2)) && !maze.is_wall((2, 3)) && maze.is_wall((9, 0)));
        assert_eq!(maze.starts.len(), 7);
    }

    #[test]
    fn what_is_no_maze_is_refused() {
        for (rows, why) in [
            (vec![], "not the goal's"),
            (vec!["111", "101", "111"], "not the goal's"),
            (vec!["1111", "1001", "111"], "row 2"),
            (vec!["1111", "1x01", "1111"], "'x'"),
            (vec!["1111", "0001", "1111"], "row 1, column 0"),
            (vec!["11111", "1c0c1", "1c111", "10111"], "row 3, column 1"),
            (vec!["11111", "1g0r1", "1r111", "11111"], ""),
        ] {
            match maze(&rows) {
                Ok(_) => assert_eq!(why, "", "{rows:?}"),
                Err(error) => assert!(
                    error.to_string().contains(why) && !why.is_empty(),
                    "{error}"
                ),
            }
        }
    }
}
