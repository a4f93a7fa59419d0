import { initRuntime, prepareProcess } from '/work/main/packages/runtime/dist/index.js';
import { createRequire } from 'node:module';
const tf = createRequire('/work/main/packages/models/package.json')('@tensorflow/tfjs');
import { createClassifier, Adam, trainStep } from '/work/main/packages/models/dist/index.js';
prepareProcess(); initRuntime({ device: 'cpu:0', intraOpThreads: 2 });
tf.registerKernel({kernelName:'ChorusFrozenBatchNormGradient',backendName:'tensorflow',kernelFunc({inputs,attrs,backend}){const b=backend.binding;const A=[{name:'T',type:b.TF_ATTR_TYPE,value:b.TF_FLOAT},{name:'U',type:b.TF_ATTR_TYPE,value:b.TF_FLOAT},{name:'epsilon',type:b.TF_ATTR_FLOAT,value:attrs.epsilon},{name:'data_format',type:b.TF_ATTR_STRING,value:'NHWC'},{name:'is_training',type:b.TF_ATTR_BOOL,value:false}];const {dy,x,gamma,mean,variance}=inputs;const r=tf.tensor1d([]);const o=backend.executeMultipleOutputs('FusedBatchNormGradV3',A,[dy,x,gamma,mean,variance,r],5);r.dispose();o.slice(3).forEach(t=>t.dispose());return o.slice(0,3)}});
const size=+process.argv[2], bn=process.argv[3]??'batch', family=process.argv[4]??'mobilenet-v2', alpha=+(process.argv[5]??1), B=+(process.argv[6]??32);
const range = process.argv[7] ? {lastLayers:+process.argv[7]} : 'all';
const c = createClassifier({ backbone: { family, alpha, inputSize: size }, classes: ['a','b'], seed: 1 });
const images = tf.randomUniform([B,size,size,3],0,255);
const labels=tf.tensor1d(Array.from({length:B},(_, i)=>i%2),'int32');
const part=c.part(range,{batchNorm:bn}); const adam=new Adam(); const a=part.prefix(images); images.dispose();
const ts=[];
for (let i=0;i<12;i++){const t=performance.now(); trainStep(part,adam,{activations:a,labels},{learningRate:1e-4}); ts.push(performance.now()-t);}
ts.splice(0,3); ts.sort((x,y)=>x-y);
console.log(family,alpha,size,bn,JSON.stringify(range),part.cut.layerName,'median',ts[ts.length>>1].toFixed(0),'min',ts[0].toFixed(0),'rss',Math.round(process.memoryUsage().rss/2**20), tf.memory().numTensors);
