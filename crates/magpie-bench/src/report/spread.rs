//! Several runs of one figure: the median stands for them, lowest and highest say how much it
//! means.

/// Values of a figure, at least one.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Spread {
    sorted: Vec<f64>,
}

impl Spread {
    /// From values in any order.
    pub(crate) fn new(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        Self { sorted: values }
    }

    /// The middle one, or the mean of the two in the middle.
    pub(crate) fn median(&self) -> f64 {
        let middle = self.sorted.len() / 2;
        let upper = self.sorted.get(middle).copied().unwrap_or_default();
        if self.sorted.len().is_multiple_of(2) && middle > 0 {
            f64::midpoint(self.sorted[middle - 1], upper)
        } else {
            upper
        }
    }

    /// The lowest.
    pub(crate) fn min(&self) -> f64 {
        self.sorted.first().copied().unwrap_or_default()
    }

    /// The highest.
    pub(crate) fn max(&self) -> f64 {
        self.sorted.last().copied().unwrap_or_default()
    }

    /// All, from low to high.
    pub(crate) fn values(&self) -> &[f64] {
        &self.sorted
    }

    /// Whether some value of one lies within the other.
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        self.min() <= other.max() && other.min() <= self.max()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_one_whatever_the_order() {
        let of = |values: &[f64]| Spread::new(values.to_vec()).median();
        assert_eq!(of(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(of(&[4.0, 1.0, 3.0, 2.0]), 2.5);
        assert_eq!(of(&[7.0]), 7.0);
        assert_eq!(of(&[]), 0.0);
        assert_eq!(of(&[1.0, 1.0, 1_000.0]), 1.0, "one bad run moves the mean, not this");
    }

    #[test]
    fn spreads_that_touch_overlap() {
        let of = |low: f64, high: f64| Spread::new(vec![high, low]);
        assert!(of(1.0, 2.0).overlaps(&of(2.0, 3.0)));
        assert!(of(1.0, 4.0).overlaps(&of(2.0, 3.0)));
        assert!(!of(1.0, 2.0).overlaps(&of(2.1, 3.0)));
        assert!(!of(2.1, 3.0).overlaps(&of(1.0, 2.0)));
    }
}
