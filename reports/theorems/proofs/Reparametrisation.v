(* One network, many files: what may be rescaled without changing what a layer computes. G, U, D are gate, up and down
   projection of h neurons on d inputs. Row i of up times c and column i of down over c; the gate too where its
   activation is a ReLU; up and down of a plain ReLU network, by c^2 where it is squared. The weight g of the norm
   before the layer may be multiplied into the columns of gate and up.
   Matters for: the canonical parametrisation of design 6; a claim about a network may not depend on which file holds
   it. *)
From Coq Require Import Reals Lra Psatz Lia Arith.
Require Import Sums.
Open Scope R_scope.

Definition dot n (w x : nat -> R) := sum n (fun j => w j * x j).
Definition glu (act : R -> R) d h (G U : nat -> nat -> R) (D : nat -> nat -> R) (x : nat -> R) o :=
  sum h (fun i => D o i * (act (dot d (G i) x) * dot d (U i) x)).

Lemma dot_scale n c w x : dot n (fun j => c * w j) x = c * dot n w x.
Proof. unfold dot. rewrite <- sum_scal. apply sum_ext; intros; ring. Qed.

Theorem swiglu_neuron_scale act d h G U D x o (c : nat -> R) : (forall i, (i < h)%nat -> c i <> 0) ->
  glu act d h G (fun i j => c i * U i j) (fun o i => D o i / c i) x o = glu act d h G U D x o.
Proof.
  intros H. apply sum_ext. intros i Hi. rewrite dot_scale. field. apply H; auto.
Qed.

Definition relu (x : R) := Rmax 0 x.

Lemma relu_scale c x : 0 < c -> relu (c * x) = c * relu x.
Proof. intros H. unfold relu, Rmax. destruct (Rle_dec 0 (c * x)), (Rle_dec 0 x); nra. Qed.

Theorem reglu_gate_scale d h G U D x o (c : nat -> R) : (forall i, (i < h)%nat -> 0 < c i) ->
  glu relu d h (fun i j => c i * G i j) U (fun o i => D o i / c i) x o = glu relu d h G U D x o.
Proof.
  intros H. apply sum_ext. intros i Hi. rewrite dot_scale, relu_scale by (apply H; auto). field.
  specialize (H i Hi). lra.
Qed.

Definition mlp (act : R -> R) d h (U D : nat -> nat -> R) (x : nat -> R) o :=
  sum h (fun i => D o i * act (dot d (U i) x)).

Theorem relu_neuron_scale d h U D x o (c : nat -> R) : (forall i, (i < h)%nat -> 0 < c i) ->
  mlp relu d h (fun i j => c i * U i j) (fun o i => D o i / c i) x o = mlp relu d h U D x o.
Proof.
  intros H. apply sum_ext. intros i Hi. rewrite dot_scale, relu_scale by (apply H; auto). field.
  specialize (H i Hi). lra.
Qed.

Theorem squared_relu_neuron_scale d h U D x o (c : nat -> R) : (forall i, (i < h)%nat -> 0 < c i) ->
  mlp (fun t => (relu t)^2) d h (fun i j => c i * U i j) (fun o i => D o i / (c i)^2) x o
  = mlp (fun t => (relu t)^2) d h U D x o.
Proof.
  intros H. apply sum_ext. intros i Hi. specialize (H i Hi). rewrite dot_scale, relu_scale by auto. field. lra.
Qed.

Theorem norm_folding act d h G U D x o (g : nat -> R) :
  glu act d h G U D (fun j => g j * x j) o = glu act d h (fun i j => G i j * g j) (fun i j => U i j * g j) D x o.
Proof.
  apply sum_ext. intros i _. unfold dot.
  rewrite (sum_ext d (fun j => G i j * (g j * x j)) (fun j => G i j * g j * x j)) by (intros; ring).
  rewrite (sum_ext d (fun j => U i j * (g j * x j)) (fun j => U i j * g j * x j)) by (intros; ring). reflexivity.
Qed.
