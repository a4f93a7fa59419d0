import { initRuntime, prepareProcess } from '@chorus/runtime';
import * as tf from '@tensorflow/tfjs';
import { it } from 'vitest';
import { createClassifier } from './classifier/classifier.ts';
it('probe', async () => {
  prepareProcess(); initRuntime({ device: 'cpu:0', intraOpThreads: 2 });
  const c = createClassifier({ backbone: { family: 'mobilenet-v2', alpha: 1, inputSize: 32 }, classes: ['a','b'], seed: 1 });
  const vars=[...c.part('all',{batchNorm:'batch'}).variables];
  const grads=vars.map(v=>tf.randomNormal(v.shape));
  const ms=vars.map(v=>tf.variable(tf.zerosLike(v))), vs=vars.map(v=>tf.variable(tf.zerosLike(v)));
  const N=vars.reduce((s,v)=>s+v.size,0);
  const M=tf.variable(tf.zeros([N])),V=tf.variable(tf.zeros([N]));
  const b1=.9,b2=.999;
  const variants: Record<string,()=>void>={
    plain(){ for(let i=0;i<vars.length;i++){const v=vars[i]!,g=grads[i]!; ms[i]!.assign(tf.add(tf.mul(ms[i]!,b1),tf.mul(g,1-b1)));vs[i]!.assign(tf.add(tf.mul(vs[i]!,b2),tf.mul(tf.square(g),1-b2)));v.assign(tf.sub(v,tf.div(tf.mul(ms[i]!,1e-4),tf.add(tf.sqrt(vs[i]!),1e-7))));}},
    scalars(){ const [B1,C1,B2,C2,R,E]=[b1,1-b1,b2,1-b2,1e-4,1e-7].map(x=>tf.scalar(x)) as tf.Scalar[];
      for(let i=0;i<vars.length;i++){const v=vars[i]!,g=grads[i]!; ms[i]!.assign(tf.add(tf.mul(ms[i]!,B1!),tf.mul(g,C1!)));vs[i]!.assign(tf.add(tf.mul(vs[i]!,B2!),tf.mul(tf.square(g),C2!)));v.assign(tf.sub(v,tf.div(tf.mul(ms[i]!,R!),tf.add(tf.sqrt(vs[i]!),E!))));}},
    flat(){ const g=tf.concat(grads.map(x=>tf.reshape(x,[-1]))); M.assign(tf.add(tf.mul(M,b1),tf.mul(g,1-b1)));V.assign(tf.add(tf.mul(V,b2),tf.mul(tf.square(g),1-b2)));
      const u=tf.div(tf.mul(M,1e-4),tf.add(tf.sqrt(V),1e-7)); const p=tf.split(u,vars.map(v=>v.size)); vars.forEach((v,i)=>v.assign(tf.sub(v,tf.reshape(p[i]!,v.shape))));},
    flat2(){ const g=tf.concat(grads.map(x=>tf.reshape(x,[-1]))); M.assign(tf.add(tf.mul(M,b1),tf.mul(g,1-b1)));V.assign(tf.add(tf.mul(V,b2),tf.mul(tf.square(g),1-b2)));
      const w=tf.concat(vars.map(x=>tf.reshape(x,[-1])));
      const u=tf.sub(w,tf.div(tf.mul(M,1e-4),tf.add(tf.sqrt(V),1e-7))); const p=tf.split(u,vars.map(v=>v.size)); vars.forEach((v,i)=>v.assign(tf.reshape(p[i]!,v.shape)));},
  };
  for(let r=0;r<4;r++) for(const [n,f] of Object.entries(variants)){ const t=performance.now(); for(let k=0;k<5;k++){tf.tidy(f); vars.at(-1)!.dataSync();} console.log(n,((performance.now()-t)/5).toFixed(1)); }
});
