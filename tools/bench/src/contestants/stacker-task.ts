/** What the contestants of the row `stackers` fit; contestants/sklearn_peer.py reads the same. */
export interface StackerTask {
  /** Float32 [members, rows, classes], logits; row r is of class r % classes. */
  logits: string;
  memberCount: number;
  rowCount: number;
  classCount: number;
  /** Epochs of the second fit, which stops for nothing. */
  epochCount: number;
}
