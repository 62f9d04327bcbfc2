"""The demo's courses, one file each: `build(assets)` gives an ImportedCourse; `assets` maps names to asset ids."""
