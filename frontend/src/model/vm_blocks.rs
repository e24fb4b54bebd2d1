//! Which part of a long list is in the page: blocks of rows near what one looks at, and room for the others.

/// Heights are in CSS pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Window {
    /// The first block that is in the page.
    pub first: usize,
    /// The first one after it that is not.
    pub end: usize,
    /// How high the blocks before are.
    pub before: u32,
    /// How high the blocks after are.
    pub after: u32,
}

impl Window {
    /// The blocks that reach into what is between `top` and `bottom`, from the top of the list.
    pub(crate) fn of(heights: impl Iterator<Item = u32>, top: i32, bottom: i32) -> Self {
        let mut window = Self::default();
        let mut y = 0_i32;
        for (at, height) in heights.enumerate() {
            let begin = y;
            y = y.saturating_add_unsigned(height);
            if begin >= bottom && window.end > 0 {
                window.after = window.after.saturating_add(height);
            } else if y <= top {
                window.before = window.before.saturating_add(height);
                window.first = at + 1;
                window.end = at + 1;
            } else {
                window.end = at + 1;
            }
        }
        window
    }

    pub(crate) const fn holds(self, block: usize) -> bool {
        self.first <= block && block < self.end
    }

    /// Whether a block is so far away that its rows need not be kept.
    pub(crate) const fn is_far_from(self, block: usize) -> bool {
        const KEPT: usize = 20;
        block + KEPT < self.first || block > self.end + KEPT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(heights: &[u32], top: i32, bottom: i32) -> (usize, usize, u32, u32) {
        let Window { first, end, before, after } = Window::of(heights.iter().copied(), top, bottom);
        (first, end, before, after)
    }

    #[test]
    fn what_reaches_into_the_view_is_in_the_page() {
        let heights = [100, 200, 100, 100];
        assert_eq!(window(&heights, 0, 100), (0, 1, 0, 400));
        assert_eq!(window(&heights, 99, 101), (0, 2, 0, 200));
        assert_eq!(window(&heights, 100, 300), (1, 2, 100, 200));
        assert_eq!(window(&heights, 350, 900), (2, 4, 300, 0));
    }

    #[test]
    fn above_the_list_its_first_block_is_ready_and_below_none_is_needed() {
        assert_eq!(window(&[100, 100], -500, -100), (0, 1, 0, 100));
        assert_eq!(window(&[100, 100], 300, 900), (2, 2, 200, 0));
        assert_eq!(window(&[], 0, 900), (0, 0, 0, 0));
    }

    #[test]
    fn the_room_and_the_blocks_always_make_up_the_whole() {
        let heights: Vec<u32> = (0..40).map(|n| 20 + n * 7 % 60).collect();
        let whole: u32 = heights.iter().sum();
        for top in (-300..2500).step_by(13) {
            let (first, end, before, after) = window(&heights, top, top + 250);
            let shown: u32 = heights.get(first..end).unwrap().iter().sum();
            assert_eq!(before + shown + after, whole, "{top}");
        }
    }

    #[test]
    fn only_blocks_that_are_far_away_are_let_go() {
        let window = Window { first: 30, end: 33, before: 0, after: 0 };
        assert!(window.holds(30) && window.holds(32) && !window.holds(33));
        assert!(window.is_far_from(9) && !window.is_far_from(10));
        assert!(window.is_far_from(54) && !window.is_far_from(53));
    }
}
