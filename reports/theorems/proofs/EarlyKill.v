(* An early kill can only take survivors away. A rung counts matrices that meet a bound, layer by layer, `per` of them
   each; at an early checkpoint of c layers it is killed where their share is at or below a cut-off, and at full scope
   it needs a share. Whoever survives early checkpoints meets the rule at full scope; more checkpoints leave fewer
   survivors; larger counts never turn a survivor into a kill; and a kill is certain to be right where even full marks
   in all later layers would miss.
   Matters for: the 4- and 8-layer checkpoints of narrow_d. How often a kill is false is not proved here: see lint. *)
From Coq Require Import Reals Lra Psatz Lia Arith.
From Coq Require Import List.
Require Import Sums.
Import ListNotations.
Open Scope R_scope.

Definition share_of (found : nat -> R) per c := sum c found / (INR c * per).

(* early: checkpoints with their cut-offs; a share at or below its cut-off kills *)
Definition passes_early found per (early : list (nat * R)) := forall c t, In (c, t) early -> t < share_of found per c.
Definition survives found per early layers asked :=
  passes_early found per early /\ asked <= share_of found per layers.

Theorem early_kill_never_makes_a_survivor found per early layers asked :
  survives found per early layers asked -> survives found per [] layers asked.
Proof. intros [_ H]. split; auto. intros c t []. Qed.

Theorem more_early_kills_fewer_survivors found per early more layers asked :
  survives found per (more ++ early) layers asked -> survives found per early layers asked.
Proof. intros [E H]. split; auto. intros c t I. apply E. apply in_or_app; auto. Qed.

Lemma share_monotone f g per c : 0 < per -> (forall i, (i < c)%nat -> f i <= g i) -> share_of f per c <= share_of g
  per c.
Proof.
  intros Hp H. unfold share_of, Rdiv. destruct c; [simpl; lra|]. assert (0 < INR (S c)) by (apply lt_0_INR; lia).
  apply Rmult_le_compat_r; [left; apply Rinv_0_lt_compat; nra|]. apply sum_le; auto.
Qed.

Theorem survival_is_monotone f g per early layers asked : 0 < per -> (forall i, f i <= g i) ->
  survives f per early layers asked -> survives g per early layers asked.
Proof.
  intros Hp H [E F]. split.
  - intros c t I. pose proof (share_monotone f g per c Hp (fun i _ => H i)). specialize (E c t I). lra.
  - pose proof (share_monotone f g per layers Hp (fun i _ => H i)). lra.
Qed.

(* a kill is certain to be right where even full marks in all later layers would miss *)
Theorem hopeless_early_kill_is_never_false f per c layers asked : (c <= layers)%nat -> (0 < layers)%nat -> 0 < per ->
  (forall i, f i <= per) -> sum c f + INR (layers - c) * per < asked * (INR layers * per) ->
  share_of f per layers < asked.
Proof.
  intros Hc Hl Hp H L. assert (0 < INR layers) by (apply lt_0_INR; auto).
  assert (B : sum layers f <= sum c f + INR (layers - c) * per).
  { clear L Hl H0. induction Hc; [rewrite Nat.sub_diag; simpl; lra|]. cbn [sum].
    rewrite Nat.sub_succ_l by auto. rewrite S_INR. specialize (H m). lra. }
  unfold share_of. apply Rmult_lt_reg_r with (INR layers * per); [nra|].
  unfold Rdiv. rewrite Rmult_assoc, Rinv_l by nra. lra.
Qed.
