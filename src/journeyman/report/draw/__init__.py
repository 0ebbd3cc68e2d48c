"""Drawings for a page: SVG that stands in its HTML, coloured by the page's style sheet, without script or own style."""
