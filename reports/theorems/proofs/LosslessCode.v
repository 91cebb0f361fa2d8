(* What a lossless code of symbols can save. Whatever prefix code is chosen, its mean length is at least the entropy
   of the symbols in bits; of 16 bits with 8 of exponent no code of exponents saves more than (8 - H)/16. A code of 4
   bits for the commonest and 8 more for every other symbol takes 4 + 8 (1 - c) bits where the commonest hold the
   share c, and that share bounds the entropy from above.
   Matters for: W-exponent-entropy, both of its claims; its trap, a real code, can only save less. *)
From Coq Require Import Reals Lra Psatz Lia Arith List Bool.
Require Import Sums Entropy PrefixCodes.
Import ListNotations.
Open Scope R_scope.

Definition mean_length n (p : nat -> R) (len : nat -> nat) := sum n (fun i => p i * INR (len i)).
Definition bits n p := H1 n p / ln 2.

Lemma ln_2_positive : 0 < ln 2.
Proof. rewrite <- ln_1. apply ln_increasing; lra. Qed.

Lemma mass_of_code n (c : nat -> word) : mass (map c (seq 0 n)) = sum n (fun i => (1/2)^(length (c i))).
Proof.
  assert (A : forall l w, mass (l ++ [w]) = mass l + (1/2)^(length w)).
  { induction l; intros w; simpl; [lra|]. rewrite IHl. lra. }
  induction n; [reflexivity|]. rewrite seq_S, map_app. simpl (map c [_]). rewrite A, IHn. reflexivity.
Qed.

Lemma ln_half_pow l : ln ((1/2)^l) = - (INR l * ln 2).
Proof.
  induction l; [simpl; rewrite ln_1; lra|]. rewrite S_INR. simpl pow.
  rewrite ln_mult by (try lra; apply pow_lt; lra). rewrite IHl. replace (1/2) with (/ 2) by lra.
  rewrite ln_Rinv by lra. lra.
Qed.

Theorem no_code_beats_the_entropy n p (c : nat -> word) : law n p -> prefix_free (map c (seq 0 n)) ->
  bits n p <= mean_length n p (fun i => length (c i)).
Proof.
  intros L F. pose proof (kraft _ F) as M. rewrite mass_of_code in M. pose proof ln_2_positive.
  assert (G : H1 n p <= cross n p (fun i => (1/2)^(length (c i)))).
  { apply gibbs; auto; intros; try apply pow_lt; try apply pow_le; lra. }
  unfold cross in G. rewrite (sum_ext n _ (fun i => - ln 2 * (p i * INR (length (c i))))) in G.
  - rewrite sum_scal in G. unfold bits, mean_length. apply Rmult_le_reg_r with (ln 2); auto.
    unfold Rdiv. rewrite Rmult_assoc, Rinv_l by lra. lra.
  - intros i _. rewrite ln_half_pow. ring.
Qed.

(* of 16 bits 8 are the exponent *)
Theorem no_code_saves_more_than_the_law_says n p (c : nat -> word) : law n p -> prefix_free (map c (seq 0 n)) ->
  (8 - mean_length n p (fun i => length (c i))) / 16 <= (8 - bits n p) / 16.
Proof. intros L F. pose proof (no_code_beats_the_entropy n p c L F). lra. Qed.

(* 4 bits for the first m symbols, 8 more for every other *)
Theorem escape_code_length n m p : (m <= n)%nat -> law n p ->
  mean_length n p (fun i => if Nat.ltb i m then 4%nat else 12%nat) = 4 + 8 * (1 - sum m p).
Proof.
  intros Hm [_ T]. rewrite <- T. unfold mean_length.
  assert (E : forall k, (m <= k)%nat ->
    sum k (fun i => p i * INR (if Nat.ltb i m then 4 else 12)) = 4 * sum k p + 8 * (sum k p - sum m p)).
  { intros k Hk. induction Hk.
    - rewrite (sum_ext m _ (fun i => 4 * p i)); [rewrite sum_scal; ring|]. intros i Hi. apply Nat.ltb_lt in Hi.
      rewrite Hi. simpl. ring.
    - cbn [sum]. rewrite IHHk. destruct (Nat.ltb m0 m) eqn:Q; [apply Nat.ltb_lt in Q; lia|]. simpl INR. ring. }
  rewrite E by auto. rewrite T. ring.
Qed.

(* a law whose first m of n symbols hold the share c has at most the entropy of one that is flat on either side *)
Definition flat m n c (i : nat) := if Nat.ltb i m then c / INR m else (1 - c) / INR (n - m).

Lemma sum_flat m n c d (f : nat -> R) : (m <= n)%nat ->
  sum n (fun i => f i * (if Nat.ltb i m then c else d)) = sum m f * c + (sum n f - sum m f) * d.
Proof.
  intros Hm. induction Hm.
  - rewrite (sum_ext m _ (fun i => f i * c)); [rewrite sum_scal_r; ring|]. intros i Hi. apply Nat.ltb_lt in Hi.
    rewrite Hi. ring.
  - cbn [sum]. rewrite IHHm. destruct (Nat.ltb m0 m) eqn:Q; [apply Nat.ltb_lt in Q; lia|]. ring.
Qed.

Theorem entropy_from_the_commonest n m p : law n p -> (0 < m < n)%nat -> 0 < sum m p < 1 ->
  let c := sum m p in H1 n p <= c * ln (INR m / c) + (1 - c) * ln (INR (n - m) / (1 - c)).
Proof.
  intros L [M N] [C D] c. fold c in C, D.
  assert (Im : 0 < INR m) by (apply lt_0_INR; auto). assert (In : 0 < INR (n - m)) by (apply lt_0_INR; lia).
  assert (Q : forall i, 0 < flat m n c i).
  { intros i. unfold flat. destruct (Nat.ltb i m); apply Rdiv_lt_0_compat; lra. }
  assert (G : H1 n p <= cross n p (flat m n c)).
  { apply gibbs; auto; [intros; left; apply Q|].
    rewrite (sum_ext n _ (fun i => 1 * (if Nat.ltb i m then c / INR m else (1 - c) / INR (n - m)))).
    - rewrite sum_flat by lia. rewrite !sum_const. rewrite minus_INR in * by lia.
      right. field. split; lra.
    - intros i _. unfold flat. ring. }
  eapply Rle_trans; [exact G|]. right. unfold cross.
  rewrite (sum_ext n _ (fun i => p i * (if Nat.ltb i m then ln (c / INR m) else ln ((1 - c) / INR (n - m))))).
  - rewrite sum_flat by lia. destruct L as [_ T]. rewrite T. fold c. rewrite !ln_div by lra. ring.
  - intros i _. unfold flat. destruct (Nat.ltb i m); ring.
Qed.

(* the same where nothing else occurs *)
Theorem entropy_of_the_commonest_alone n m p : law n p -> (0 < m <= n)%nat -> sum m p = 1 -> H1 n p <= ln (INR m).
Proof.
  intros L [M N] One. destruct L as [P T]. assert (Im : 0 < INR m) by (apply lt_0_INR; auto).
  assert (Z : forall i, (m <= i < n)%nat -> p i = 0).
  { intros i [A B]. destruct (P i B) as [Q|Q]; [|auto]. exfalso.
    assert (U : sum (S i) p <= sum n p) by (apply sum_prefix_le; auto).
    assert (V : sum m p <= sum i p) by (apply sum_prefix_le; auto; intros; apply P; lia).
    cbn [sum] in U. lra. }
  assert (G : H1 n p <= cross n p (fun i => if Nat.ltb i m then / INR m else 0)).
  { assert (0 < / INR m) by (apply Rinv_0_lt_compat; auto). apply gibbs; [split; auto| | |].
    - intros i _. destruct (Nat.ltb i m); lra.
    - rewrite (sum_ext n _ (fun i => 1 * (if Nat.ltb i m then / INR m else 0))) by (intros; ring).
      rewrite sum_flat by lia. rewrite sum_const. right. field. lra.
    - intros i Hi Hp. destruct (Nat.ltb i m) eqn:Q; auto. apply Nat.ltb_ge in Q. rewrite Z in Hp by lia. lra. }
  eapply Rle_trans; [exact G|]. right. unfold cross.
  rewrite (sum_ext n _ (fun i => p i * (if Nat.ltb i m then - ln (INR m) else 0))).
  - rewrite sum_flat, One by lia. ring.
  - intros i Hi. destruct (Nat.ltb i m) eqn:Q; [rewrite ln_Rinv by auto; ring|]. apply Nat.ltb_ge in Q.
    rewrite Z by lia. ring.
Qed.
