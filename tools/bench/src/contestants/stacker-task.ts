/** The task of the contestants of the row `stackers`; also read by contestants/sklearn_peer.py. */
export interface StackerTask {
  /** Path of float32 logits [members, rows, classes]; row r has class r % classes. */
  logits: string;
  memberCount: number;
  rowCount: number;
  classCount: number;
  /** Epochs of the second fit, which does not stop early. */
  epochCount: number;
}
