/** What computes a bundle's probabilities from its files, without what trains or reads other formats. */
export { calibrate } from '../calibration/calibration.ts';
export { ModelError } from '../errors.ts';
export { memberFromBytes } from '../member/member-bytes.ts';
export { checkValue, mistakesLine } from '../schema/check-value.ts';
export { type MemberFeatures, meanOfModels, outputsPerImage } from '../stackers/outputs.ts';
export { type Stacker, stackerFromJson } from '../stackers/stacker.ts';
export {
  type BundleManifest,
  bundleManifestSchema,
  largestDecoding,
  singleMemberManifest,
  upgradeBundleManifest,
} from './manifest.ts';
