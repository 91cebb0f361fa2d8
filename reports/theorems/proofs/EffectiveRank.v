(* Effective dimensions of k energies s (squared singular values). Participation ratio and stable rank lie between 1
   and k; the participation ratio is k exactly where all energies are equal. The energy rank at a share p exists, is
   unique, at most k, and grows with p. An energy rank at share p is at least p times the stable rank and at least p^2
   times the participation ratio.
   Matters for: narrow_d and its registered sensitivities; what of a truncated decomposition is lost. *)
From Coq Require Import Reals Lra Psatz Lia Arith.
Require Import Sums.
Open Scope R_scope.

Definition total k (s : nat -> R) := sum k s.
Definition stable_rank (k : nat) (s : nat -> R) (t : nat) := sum k s / s t.
Definition participation k s := (sum k s)^2 / sum k (fun i => (s i)^2).

Theorem participation_bounds k s : (forall i, (i < k)%nat -> 0 <= s i) -> 0 < total k s ->
  1 <= participation k s <= INR k.
Proof.
  intros H T. unfold total in T. unfold participation.
  pose proof (sum_pow2_le_pow2_sum k s H) as L. pose proof (sum_sq_le k s) as U.
  assert (P : 0 < (sum k s)^2) by (apply pow_lt; auto).
  assert (Z : 0 < sum k (fun i => (s i)^2)).
  { destruct (Rle_or_lt (sum k (fun i => (s i)^2)) 0) as [N|]; auto. exfalso.
    assert (0 <= INR k) by apply pos_INR. nra. }
  split; apply Rmult_le_reg_r with (sum k (fun i => (s i)^2)); auto;
  unfold Rdiv; rewrite ?(Rmult_assoc _ (/ sum k (fun i => (s i)^2))), ?Rinv_l by lra; lra.
Qed.

Theorem participation_full_iff_flat k s : (forall i, (i < k)%nat -> 0 <= s i) -> 0 < total k s ->
  (participation k s = INR k <-> forall i j, (i < k)%nat -> (j < k)%nat -> s i = s j).
Proof.
  intros H T. unfold total in T. unfold participation.
  pose proof (sum_pow2_le_pow2_sum k s H) as L.
  assert (P : 0 < (sum k s)^2) by (apply pow_lt; auto).
  pose proof (sum_sq_le k s) as U.
  assert (Z : 0 < sum k (fun i => (s i)^2)).
  { destruct (Rle_or_lt (sum k (fun i => (s i)^2)) 0) as [N|]; auto. exfalso.
    assert (0 <= INR k) by apply pos_INR. nra. }
  rewrite <- (sum_sq_eq k s). split; intros E.
  - rewrite <- E. unfold Rdiv. rewrite Rmult_assoc, Rinv_l by lra. lra.
  - rewrite E. unfold Rdiv. rewrite Rmult_assoc, Rinv_r by lra. lra.
Qed.

(* stable rank: total over the largest *)
Theorem stable_rank_bounds k s t : (t < k)%nat -> (forall i, (i < k)%nat -> 0 <= s i <= s t) -> 0 < s t ->
  1 <= stable_rank k s t <= INR k.
Proof.
  intros Ht H P.
  unfold stable_rank. assert (s t <= sum k s) by (apply sum_term_le; auto; intros; apply H; auto).
  assert (sum k s <= INR k * s t).
  { rewrite <- sum_const. apply sum_le. intros; apply H; auto. }
  split; apply Rmult_le_reg_r with (s t); auto; unfold Rdiv; rewrite Rmult_assoc, Rinv_l by lra; lra.
Qed.

(* energy rank at level p: the least number of leading energies that hold a share p *)
Definition holds k s p r := p * sum k s <= sum r s.
Definition is_energy_rank k s p r := holds k s p r /\ forall q, holds k s p q -> (r <= q)%nat.

Theorem energy_rank_exists k s p : (forall i, 0 <= s i) -> p <= 1 ->
  exists r, (r <= k)%nat /\ is_energy_rank k s p r.
Proof.
  intros H Hp. assert (T : 0 <= sum k s) by (apply sum_nonneg; auto).
  assert (K : holds k s p k) by (unfold holds; nra).
  assert (G : forall b, (exists r, (r <= b)%nat /\ is_energy_rank k s p r) \/ (forall q, (q <= b)%nat -> ~ holds k s
    p q)).
  { induction b.
    - destruct (Rle_dec (p * sum k s) (sum 0 s)) as [Y|N].
      + left. exists 0%nat. split; auto. split; auto. intros; lia.
      + right. intros q Hq. replace q with 0%nat by lia. exact N.
    - destruct IHb as [(r & Hr & E)|No]; [left; exists r; split; [lia|auto]|].
      destruct (Rle_dec (p * sum k s) (sum (S b) s)) as [Y|N].
      + left. exists (S b). split; auto. split; auto. intros q Hq.
        destruct (Nat.le_gt_cases (S b) q); auto. exfalso. apply (No q); [lia|auto].
      + right. intros q Hq. destruct (Nat.eq_dec q (S b)); [subst; exact N|apply No; lia]. }
  destruct (G k) as [A|No]; [exact A|]. exfalso. apply (No k); auto.
Qed.

Theorem energy_rank_unique k s p r q : is_energy_rank k s p r -> is_energy_rank k s p q -> r = q.
Proof. intros [A B] [C D]. specialize (B _ C). specialize (D _ A). lia. Qed.

Theorem energy_rank_monotone k s p q r t : 0 <= sum k s -> p <= q ->
  is_energy_rank k s p r -> is_energy_rank k s q t -> (r <= t)%nat.
Proof. intros T H [_ B] [C _]. apply B. unfold holds in *. nra. Qed.

(* A singular value decomposition W = sum_i sigma_i u_i v_i^T loses exactly the tail when it is cut at r:
   here for coordinates c in an orthonormal frame, the part that Eckart-Young builds on. *)
Theorem truncation_loses_tail k r (c : nat -> R) : (r <= k)%nat ->
  sum k (fun i => (c i - (if Nat.ltb i r then c i else 0))^2) = sum k (fun i => (c i)^2) - sum r (fun i => (c i)^2).
Proof.
  intros Hr. induction Hr.
  - rewrite (sum_ext r _ (fun _ => 0)); [rewrite sum_zero; lra|]. intros i Hi.
    apply Nat.ltb_lt in Hi. rewrite Hi. ring.
  - cbn [sum]. rewrite IHHr. destruct (Nat.ltb m r) eqn:E; [apply Nat.ltb_lt in E; lia|]. ring.
Qed.

(* energy rank bounds *)
Theorem energy_rank_at_least_share_of_stable k s p r t : (t < k)%nat -> (forall i, (i < k)%nat -> 0 <= s i <= s t)
  -> 0 < s t ->
  (r <= k)%nat -> holds k s p r -> p * stable_rank k s t <= INR r.
Proof.
  intros Ht H P Hr D. unfold holds in D. unfold stable_rank.
  assert (sum r s <= INR r * s t).
  { rewrite <- sum_const. apply sum_le. intros i Hi. apply H. lia. }
  apply Rmult_le_reg_r with (s t); auto. replace (p * (sum k s / s t) * s t) with (p * sum k s) by (field; lra). lra.
Qed.

Theorem energy_rank_at_least_square_share_of_participation k s p r : (forall i, (i < k)%nat -> 0 <= s i) -> 0 < sum
  k s ->
  0 <= p -> (r <= k)%nat -> holds k s p r -> p^2 * participation k s <= INR r.
Proof.
  intros H T Hp Hr D. unfold holds in D. unfold participation.
  pose proof (sum_sq_le r s) as C.
  assert (Z : 0 < sum k (fun i => s i ^ 2)).
  { destruct (Rle_or_lt (sum k (fun j => s j ^ 2)) 0) as [N|]; auto. exfalso.
    pose proof (sum_sq_le k s). pose proof (pos_INR k). assert (0 < sum k s ^ 2) by (apply pow_lt; auto). nra. }
  assert (G : sum r (fun i => s i ^ 2) <= sum k (fun i => s i ^ 2)).
  { apply sum_prefix_le; auto. intros; apply pow2_ge_0. }
  assert (0 <= p * sum k s) by (apply Rmult_le_pos; lra).
  assert ((p * sum k s)^2 <= (sum r s)^2) by (apply pow_incr; lra).
  pose proof (pos_INR r).
  assert ((p * sum k s)^2 <= INR r * sum k (fun i => s i ^ 2)) by nra.
  apply Rmult_le_reg_r with (sum k (fun i => s i ^ 2)); auto.
  replace (p ^ 2 * (sum k s ^ 2 / sum k (fun i => s i ^ 2)) * sum k (fun i => s i ^ 2)) with ((p * sum k s)^2) by
    (field; lra). lra.
Qed.
