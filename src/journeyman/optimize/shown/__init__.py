"""What a story is shown as, part by part: each module makes the blocks of one part of the page."""
