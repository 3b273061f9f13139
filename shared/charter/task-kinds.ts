/** The closed list of what a charter may allow, by name. Pure. */

export const TASK_KINDS = [
  "train",
  "boost",
  "query",
  "evaluate",
  "glm",
  "overlap",
  "match",
  "probe",
] as const;
