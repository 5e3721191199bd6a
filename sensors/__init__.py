"""What starts runs: sensors that read the control tables, schedules, and the net under failed runs.

No automation conditions: on assets with thousands of partitions one evaluation costs a CPU second, and a
frequency per account cannot be said with them. The control tables know both.
"""
