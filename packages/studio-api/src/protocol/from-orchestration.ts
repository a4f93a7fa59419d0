/** Types that the protocol shares with `@chorus/orchestration`; nothing of it is imported when the page runs. */
export type {
  CheckReport,
  EpochMetrics,
  ImageCounts,
  KeyDifference,
  MemberState,
  Report,
  RunState,
  StageName,
} from '@chorus/orchestration';
