//! Positions, offsets and velocities in the plane.

use std::fmt;
use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub, SubAssign};

/// A vector in the plane.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Vec2 {
    /// To the right.
    pub x: f64,
    /// Up.
    pub y: f64,
}

impl Vec2 {
    /// No way at all.
    pub const ZERO: Self = Self { x: 0.0, y: 0.0 };

    /// The vector (x, y).
    #[inline]
    pub const fn new(x: f64, y: f64) -> Self {
        Self { x, y }
    }

    /// The scalar product: of two headings the cosine of the angle between them.
    #[inline]
    pub fn dot(self, other: Self) -> f64 {
        self.x * other.x + self.y * other.y
    }

    /// The square of the length.
    #[inline]
    pub fn length_squared(self) -> f64 {
        self.dot(self)
    }

    /// The length.
    #[inline]
    pub fn length(self) -> f64 {
        self.length_squared().sqrt()
    }

    /// The same direction with length 1; a vector without direction stays as it is.
    #[inline]
    #[must_use]
    pub fn normalized(self) -> Self {
        let length = self.length();
        if length > 0.0 { self / length } else { self }
    }
}

impl fmt::Display for Vec2 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "({}, {})", self.x, self.y)
    }
}

impl Add for Vec2 {
    type Output = Self;

    #[inline]
    fn add(self, other: Self) -> Self {
        Self::new(self.x + other.x, self.y + other.y)
    }
}

impl Sub for Vec2 {
    type Output = Self;

    #[inline]
    fn sub(self, other: Self) -> Self {
        Self::new(self.x - other.x, self.y - other.y)
    }
}

impl Neg for Vec2 {
    type Output = Self;

    #[inline]
    fn neg(self) -> Self {
        Self::new(-self.x, -self.y)
    }
}

impl Mul<f64> for Vec2 {
    type Output = Self;

    #[inline]
    fn mul(self, factor: f64) -> Self {
        Self::new(self.x * factor, self.y * factor)
    }
}

impl Div<f64> for Vec2 {
    type Output = Self;

    #[inline]
    fn div(self, divisor: f64) -> Self {
        Self::new(self.x / divisor, self.y / divisor)
    }
}

impl AddAssign for Vec2 {
    #[inline]
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl SubAssign for Vec2 {
    #[inline]
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normalized_vectors_have_length_one_and_zero_stays() {
        let v = Vec2::new(3.0, -4.0);
        assert!((v.length() - 5.0).abs() < 1e-15);
        assert!((v.normalized() - Vec2::new(0.6, -0.8)).length() < 1e-15);
        assert_eq!(Vec2::ZERO.normalized(), Vec2::ZERO);
    }

    #[test]
    fn sums_and_products_go_by_component() {
        let mut v = Vec2::new(1.0, 2.0) + Vec2::new(3.0, 4.0) * 2.0;
        assert_eq!(v, Vec2::new(7.0, 10.0));
        v -= Vec2::new(1.0, 0.0);
        v += -Vec2::new(0.0, 4.0) / 2.0;
        assert_eq!(v, Vec2::new(6.0, 8.0));
        assert_eq!(v.dot(Vec2::new(2.0, -1.0)), 4.0);
    }
}
