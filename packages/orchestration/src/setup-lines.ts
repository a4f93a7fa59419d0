export { type LineStream, setupLines } from '@chorus/runtime/setup-lines';
