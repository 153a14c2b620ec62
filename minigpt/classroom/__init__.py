"""The class: exercises, a checker that names the mistake, and what a teacher needs."""
