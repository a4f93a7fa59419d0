export { type ClassifierOutput, classifierModel, classifierValues } from './classifier-model.ts';
